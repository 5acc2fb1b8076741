(display "Grüße, Жизнь, 世界 ☃ 🚀")
(newline)
