(use-modules (ice-9 format) (ice-9 rdelim) (srfi srfi-1))

(define counts (make-hash-table))

(for-each
 (lambda (word)
   (hash-set! counts word (+ 1 (hash-ref counts word 0))))
 (string-tokenize (read-string)))

(define (before? a b)
  (if (= (cdr a) (cdr b))
      (string<? (car a) (car b))
      (> (cdr a) (cdr b))))

(define entries (sort (hash-map->list cons counts) before?))

(for-each (lambda (entry) (format #t "~a ~d~%" (car entry) (cdr entry))) entries)
(let ((letters (fold (lambda (entry sum) (+ sum (string-length (car entry)))) 0 entries)))
  (format #t "~d words, mean length ~,2f~%" (length entries)
          (exact->inexact (/ letters (length entries)))))
