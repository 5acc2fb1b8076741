(let loop ((blocks '()))
  (loop (cons (make-vector 100000 (length blocks)) blocks)))
