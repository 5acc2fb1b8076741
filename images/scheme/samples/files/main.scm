(use-modules (text greeting))

(display (greeting "files"))
(newline)
