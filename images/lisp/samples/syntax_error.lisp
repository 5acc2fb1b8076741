(format t "Hello~%")
(broken
