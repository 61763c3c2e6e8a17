"""Run every procedure two thousand times and write the table.

python -m tests.statistics.calibration [--replications 2000] [--only WORDS] [--processes 2]
"""

from __future__ import annotations

import argparse
import time
import warnings
from multiprocessing import Pool
from pathlib import Path

import numpy as np
import pandas as pd

from tests.statistics.calibration.procedures import cases

TABLE = Path(__file__).parent / "table.csv"
SEED = 20


def run(number: int, replications: int) -> dict[str, object]:
    """Return one row of the table."""
    case = cases()[number]
    # The name and not its place decides the draws, so that a new procedure changes no other's.
    rng = np.random.default_rng([SEED, *case.name.encode()])
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trials = [case.trial(rng) for _ in range(replications)]
    p = np.array([np.nan if value is None else value for value, _ in trials])
    covered = [value for _, value in trials if value is not None]
    known = np.isfinite(p)
    return {
        "procedure": case.procedure,
        "data": case.data,
        "role": case.role,
        "exact": case.exact,
        "rejected": round(float((p[known] <= 0.05).mean()), 4) if known.any() else np.nan,
        "covered": round(float(np.mean(covered)), 4) if covered else np.nan,
        "replications": replications,
        "seconds": round(time.perf_counter() - start, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replications", type=int, default=2000)
    parser.add_argument("--only", default="", help="Procedures whose name holds these words.")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    names = [case.name for case in cases()]
    chosen = [i for i, name in enumerate(names) if options.only in name]
    table = pd.read_csv(TABLE) if TABLE.exists() else pd.DataFrame()
    with Pool(options.processes) as pool:
        waiting = [(i, pool.apply_async(run, (i, options.replications))) for i in chosen]
        for i, result in waiting:
            row = result.get()
            print(f"{names[i]}: {row['rejected']} rejected, {row['covered']} covered, {row['seconds']} s", flush=True)
            if len(table):
                table = table[(table["procedure"] != row["procedure"]) | (table["data"] != row["data"])]
            table = pd.concat([table, pd.DataFrame([row])], ignore_index=True)
            order = {name: place for place, name in enumerate(names)}
            keys = (table["procedure"] + " | " + table["data"]).map(order)
            table = table[keys.notna()].assign(order=keys).sort_values("order").drop(columns="order")
            table.to_csv(TABLE, index=False)


if __name__ == "__main__":
    main()
