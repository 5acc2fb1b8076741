IO.puts("Grüße, Жизнь, 世界 ☃ 🚀")
