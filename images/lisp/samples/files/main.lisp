(load "text/greeting.lisp")

(write-line (greeting "files"))
