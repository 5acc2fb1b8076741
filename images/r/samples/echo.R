lines <- readLines(file("stdin"), warn = FALSE)
writeLines(lines)
