library(parallel)

workers <- 4L
sum_from <- function(first) {
  sum(as.numeric(seq(first, 999999, by = workers)))
}
sums <- mclapply(seq_len(workers) - 1L, sum_from, mc.cores = workers)
cat(sprintf("%d workers: %.0f\n", workers, Reduce(`+`, sums)))
