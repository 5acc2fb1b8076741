words <- scan(file("stdin"), what = "", quiet = TRUE)
counts <- table(words)
counts <- counts[order(-counts, names(counts), method = "radix")]
writeLines(paste(names(counts), counts))
cat(sprintf("%d words, mean length %.2f\n", length(counts), mean(nchar(names(counts)))))
