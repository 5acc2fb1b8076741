(loop for number from 1 to 15000 do (format t "~d~%" number))
