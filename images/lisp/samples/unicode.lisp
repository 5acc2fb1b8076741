(format t "Grüße, Жизнь, 世界 ☃ 🚀~%")
