(define-module (text greeting)
  #:export (greeting))

(define (greeting name)
  (string-append "Hello, " name "!"))
