main :- writeln('Grüße, Жизнь, 世界 ☃ 🚀').
