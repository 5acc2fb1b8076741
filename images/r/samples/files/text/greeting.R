greeting <- function(name) {
  paste0("Hello, ", name, "!")
}
