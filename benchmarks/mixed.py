"""A crossed mixed model on the xpos table beside lme4, lmerTest and statsmodels.

    python benchmarks/mixed.py --published FOLDER [--rounds 7]

Needs R with lme4 and lmerTest for their columns. Times are medians; each of ours and of statsmodels in this process after a
warm-up, those of R inside one R process, reading the table left out everywhere.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pandas as pd
from transfer_analysis.results.store import read_csv
from transfer_analysis.statistics.mixed import mixed_model

from timing import timed

R = """
suppressMessages({library(lme4); library(lmerTest)})
arguments <- commandArgs(trailingOnly = TRUE)
d <- read.csv(arguments[1], stringsAsFactors = TRUE, na.strings = "")
rounds <- as.integer(arguments[2])
model <- score ~ 1 + (1 | source_language) + (1 | target_language)
timed <- function(f) { f(); median(sapply(seq_len(rounds), function(i) system.time(f())[["elapsed"]])) }
cat(timed(function() lme4::lmer(model, d)), timed(function() coef(summary(lmerTest::lmer(model, d)))), "\\n")
fit <- lme4::lmer(model, d)
cat(sprintf("%.10f", as.numeric(logLik(fit))), "\\n")
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--published", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--statsmodels", action="store_true", help="its fit too, which takes minutes")
    options = parser.parse_args()
    table = read_csv(options.published / "xpos.csv")
    table["score"] = pd.to_numeric(table["score"])
    table = table[table["source_language"] != table["target_language"]].reset_index(drop=True)
    groups = ["source_language", "target_language"]

    mixed_model("score ~ 1", table, groups).tidy()  # a warm-up
    fit, seconds = timed(lambda: mixed_model("score ~ 1", table, groups), options.rounds)
    _, with_degrees = timed(lambda: mixed_model("score ~ 1", table, groups).tidy(), options.rounds)
    print(f"{len(table):,} rows, 65 sources, 105 targets\n\n| what | time | log likelihood |\n|---|---|---|")
    print(f"| here, fit | {seconds:.3f} s | {fit.log_likelihood:.6f} |")
    print(f"| here, with Satterthwaite's degrees of freedom | {with_degrees:.3f} s | |")
    if shutil.which("Rscript"):
        with tempfile.TemporaryDirectory() as name:
            table.to_csv(Path(name) / "x.csv", index=False)
            (Path(name) / "b.R").write_text(R)
            command = ["Rscript", f"{name}/b.R", f"{name}/x.csv", str(options.rounds)]
            said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        print(f"| lme4, fit | {float(said[0]):.3f} s | {float(said[2]):.6f} |")
        print(f"| lmerTest, with Satterthwaite's degrees of freedom | {float(said[1]):.3f} s | |")
    if options.statsmodels:
        import statsmodels.formula.api as smf

        start = time.perf_counter()
        formula = {name: f"0 + C({name})" for name in groups}
        found = smf.mixedlm("score ~ 1", table, groups=[1] * len(table), vc_formula=formula, re_formula="0").fit(
            reml=True
        )
        print(f"| statsmodels, one fit | {time.perf_counter() - start:.1f} s | {found.llf:.6f} |")


if __name__ == "__main__":
    main()
