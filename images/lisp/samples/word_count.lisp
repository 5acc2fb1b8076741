(defun split (line)
  (loop with start = 0
        for end = (position #\Space line :start start)
        unless (eql start (or end (length line)))
          collect (subseq line start end)
        while end do (setf start (1+ end))))

(let ((counts (make-hash-table :test #'equal)) (entries '()) (letters 0))
  (loop for line = (read-line *standard-input* nil)
        while line do (dolist (word (split line)) (incf (gethash word counts 0))))
  (maphash (lambda (word count) (push (cons word count) entries)) counts)
  (setf entries (sort entries (lambda (a b)
                                (if (= (cdr a) (cdr b))
                                    (string< (car a) (car b))
                                    (> (cdr a) (cdr b))))))
  (loop for (word . count) in entries
        do (format t "~a ~d~%" word count)
           (incf letters (length word)))
  (format t "~d words, mean length ~,2f~%" (length entries) (/ letters (length entries))))
