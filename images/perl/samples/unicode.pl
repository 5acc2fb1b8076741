print "Grüße, Жизнь, 世界 ☃ 🚀\n";
