for (number in 1:15000) {
  cat(format(number, scientific = FALSE), "\n", sep = "")
}
