# Reference values of mixed models by lme4, lmerTest and pbkrtest:
#     python -m tests.statistics.mixed.datasets FOLDER && Rscript tests/statistics/mixed/reference.R FOLDER > reference.csv
suppressMessages({library(lme4); library(lmerTest); library(pbkrtest)})
folder <- commandArgs(trailingOnly = TRUE)[1]
models <- read.csv(file.path(folder, "models.csv"), stringsAsFactors = FALSE)
control <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10, maxfun = 1e6), calc.derivs = FALSE)
cat("case,method,what,term,value\n")
say <- function(case, method, what, term, value)
  cat(sprintf("%s,%s,%s,%s,%.12g\n", case, method, what, term, value))
for (i in seq_len(nrow(models))) {
  data <- read.csv(file.path(folder, paste0(models$file[i], ".csv")), stringsAsFactors = TRUE)
  for (reml in c(TRUE, FALSE)) {
    fit <- suppressMessages(lmer(as.formula(models$model[i]), data, REML = reml, control = control))
    method <- if (reml) "REML" else "ML"
    name <- models$name[i]
    say(name, method, "log_likelihood", "", as.numeric(logLik(fit)))
    parts <- as.data.frame(VarCorr(fit))
    for (k in seq_len(nrow(parts)))
      say(name, method, "variance", gsub("[.][0-9]+$", "", paste0(parts$grp[k], if (is.na(parts$var1[k]) || parts$var1[k] == "(Intercept)") "" else paste0("|", parts$var1[k]))), parts$vcov[k])
    found <- coef(summary(fit))
    for (term in rownames(found)) {
      label <- if (term == "(Intercept)") "Intercept" else term
      say(name, method, "estimate", label, found[term, "Estimate"])
      say(name, method, "std_error", label, found[term, "Std. Error"])
      say(name, method, "df", label, found[term, "df"])
      say(name, method, "p_value", label, found[term, "Pr(>|t|)"])
    }
    if (!reml && name %in% c("crossed", "nested", "between")) {
      term <- rownames(found)[2]
      fewer <- update(fit, as.formula(paste(". ~ . -", term)))
      test <- anova(fewer, fit)
      say(name, "LRT", "statistic", term, test$Chisq[2])
      say(name, "LRT", "p_value", term, test$"Pr(>Chisq)"[2])
      limits <- suppressWarnings(suppressMessages(confint(as(fit, "lmerMod"), parm = term, method = "profile", quiet = TRUE)))
      say(name, "profile", "low", term, limits[1])
      say(name, "profile", "high", term, limits[2])
    }
    if (reml) {
      found <- coef(summary(fit, ddf = "Kenward-Roger"))
      for (term in rownames(found)) {
        label <- if (term == "(Intercept)") "Intercept" else term
        say(name, "KR", "std_error", label, found[term, "Std. Error"])
        say(name, "KR", "df", label, found[term, "df"])
      }
    }
  }
}
