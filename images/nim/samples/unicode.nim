echo "Grüße, Жизнь, 世界 ☃ 🚀"
