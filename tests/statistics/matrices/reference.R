# Reference values of Mantel tests by vegan and of regressions on matrices by ecodist:
#     python -m tests.statistics.matrices.datasets FOLDER && Rscript tests/statistics/matrices/reference.R FOLDER > reference.csv
suppressMessages({library(vegan); library(ecodist)})
folder <- commandArgs(trailingOnly = TRUE)[1]
cat("case,what,term,value,p_value\n")
say <- function(case, what, term, value, p) cat(sprintf("%s,%s,%s,%.15g,%.6g\n", case, what, term, value, p))
two_sided <- function(statistic, null) (1 + sum(abs(null) >= abs(statistic) - 1e-9)) / (1 + length(null))
set.seed(20)
for (case in c("small", "middle", "weak")) {
  read <- function(letter) as.dist(as.matrix(read.csv(file.path(folder, paste0(case, "-", letter, ".csv")), header = FALSE)))
  y <- read("y"); x <- read("x"); z <- read("z")
  count <- if (case == "small") how(nperm = 9999, complete = TRUE, maxperm = 9999) else 9999
  for (method in c("pearson", "spearman")) {
    fit <- suppressMessages(vegan::mantel(y, x, method = method, permutations = count))
    say(case, "mantel", method, fit$statistic, two_sided(fit$statistic, fit$perm))
    fit <- suppressMessages(vegan::mantel.partial(y, x, z, method = method, permutations = count))
    say(case, "partial", method, fit$statistic, two_sided(fit$statistic, fit$perm))
  }
  say(case, "ecodist partial", "pearson", ecodist::mantel(y ~ x + z, nperm = 0)[["mantelr"]], NA)
  fit <- ecodist::MRM(y ~ x + z, nperm = 10000)
  for (term in c("Int", "x", "z")) say(case, "mrm", term, fit$coef[term, 1], fit$coef[term, 2])
  say(case, "mrm", "R2", fit$r.squared[[1]], fit$r.squared[[2]])
}
