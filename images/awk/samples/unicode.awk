BEGIN { print "Grüße, Жизнь, 世界 ☃ 🚀" }
