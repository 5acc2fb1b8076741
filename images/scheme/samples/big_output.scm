(do ((number 1 (+ number 1)))
    ((> number 15000))
  (display number)
  (newline))
