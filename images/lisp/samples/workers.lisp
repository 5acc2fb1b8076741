(defconstant +workers+ 4)

(flet ((start (first)
         (sb-thread:make-thread
          (lambda () (loop for n from first below 1000000 by +workers+ sum n)))))
  (let ((threads (loop for first below +workers+ collect (start first))))
    (format t "~d workers: ~d~%" +workers+
            (reduce #'+ (mapcar #'sb-thread:join-thread threads)))))
