(println "Grüße, Жизнь, 世界 ☃ 🚀")
