source("text/greeting.R")

cat(greeting("files"), "\n", sep = "")
