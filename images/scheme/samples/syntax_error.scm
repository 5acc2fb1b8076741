(display "Hello")
(broken
