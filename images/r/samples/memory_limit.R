blocks <- list()
while (TRUE) {
  blocks[[length(blocks) + 1]] <- rep(1.5, 1e6)
}
