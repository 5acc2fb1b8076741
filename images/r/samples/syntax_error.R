cat("never printed\n")
broken <- function( {
