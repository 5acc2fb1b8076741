1.upto(15_000) { |number| puts number }
