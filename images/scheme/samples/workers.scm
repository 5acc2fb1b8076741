(use-modules (ice-9 threads))

(define workers 4)

(define (sum-from first)
  (let loop ((n first) (sum 0))
    (if (< n 1000000)
        (loop (+ n workers) (+ sum n))
        sum)))

(define threads
  (map (lambda (first) (call-with-new-thread (lambda () (sum-from first)))) (iota workers)))

(display workers)
(display " workers: ")
(display (apply + (map join-thread threads)))
(newline)
