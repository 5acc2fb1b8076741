counts = STDIN.read.split.tally.sort_by { |word, count| [-count, word] }
counts.each { |word, count| puts "#{word} #{count}" }
letters = counts.sum { |word, _| word.length }
printf("%d words, mean length %.2f\n", counts.size, letters.fdiv(counts.size))
