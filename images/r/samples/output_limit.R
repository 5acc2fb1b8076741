while (TRUE) {
  cat("again and again\n")
}
