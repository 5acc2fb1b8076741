(let loop ()
  (display "again and again\n")
  (loop))
