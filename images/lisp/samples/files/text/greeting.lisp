(defun greeting (name)
  (format nil "Hello, ~a!" name))
