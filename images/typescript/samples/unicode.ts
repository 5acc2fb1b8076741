console.log("Grüße, Жизнь, 世界 ☃ 🚀");
