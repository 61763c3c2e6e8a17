"""Tables as they are: CSV and TSV files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from transfer_analysis.errors import InputError
from transfer_analysis.statistics.frames import require_named


def read_frame(path: Path, needed: tuple[str, ...] = (), numbers: tuple[str, ...] = (), **options: Any) -> pd.DataFrame:
    """Read a table whose codes stay codes: `no` is Norwegian and `nan` Min Nan, but for columns that hold `numbers`.

    Raises
    ------
    InputError
        For a file that is no table, or lacks a column.
    """
    try:
        frame = pd.read_csv(path, keep_default_na=False, na_values=[""], **options)
    except (ValueError, UnicodeDecodeError) as error:  # pandas' errors of parsing are value errors
        raise InputError(f"{path.name}: is no table: {error}") from error
    frame.columns = [str(column).strip() for column in frame.columns]
    require_named(frame, (*needed, *numbers))
    return frame.assign(**{column: _numbers(frame[column], path) for column in numbers})


def _numbers(values: pd.Series, path: Path) -> pd.Series:
    """Return a column as numbers, `nan` as a missing one."""
    found = pd.to_numeric(values, errors="coerce")
    wrong = values[found.isna() & values.notna() & (values.astype(str).str.lower() != "nan")]
    if len(wrong):
        raise InputError(f"{path.name}: {values.name}: {wrong.iloc[0]!r} in row {wrong.index[0] + 1} is not a number")
    return found


def choose_languages(
    places: Mapping[str, Path],
    *,
    target: str,
    source: str,
    score: str,
    level: str,
    numbers: Mapping[str, str],
    top: int = 10,
) -> pd.DataFrame:
    """Read a table of LangRank: sources of transfer for each target, with their properties.

    Parameters
    ----------
    target, source, score, level
        Its columns; `level` is highest for the best source of a target.
    numbers
        Property → its column.
    top
        Sources that count for anything: the best has relevance `top`, the next one less.

    Returns
    -------
    DataFrame
        `target`, `source`, `score`, the properties, and `gain`: 2^relevance − 1, as the printed NDCG counts it.
    """
    (path,) = places.values()
    table = read_frame(path, (target, source), (score, level, *numbers.values()))
    levels = table[level]
    relevance = (levels - levels.groupby(table[target]).transform("size") + top).clip(lower=0)
    frame = pd.DataFrame({"target": table[target], "source": table[source], "score": table[score]})
    named = table[list(numbers.values())].set_axis(list(numbers), axis=1)
    return pd.concat([frame, named], axis=1).assign(gain=2.0**relevance - 1)


def in_blocks(
    places: Mapping[str, Path], *, score: str, folds: int, times: float = 1.0, needed: list[str]
) -> pd.DataFrame:
    """Read a table whose rows are predicted in blocks, in the order of the file, by the mean of the other blocks.

    Returns
    -------
    DataFrame
        The table with `block` and `mean of the others`; scores multiplied by `times`.
    """
    (path,) = places.values()
    table = read_frame(path, (score, *needed), thousands=",")
    table[score] = table[score] * times
    size = -(-len(table) // folds)
    table["block"] = [row // size for row in range(len(table))]
    others = {block: table.loc[table["block"] != block, score].mean() for block in table["block"].unique()}
    return table.assign(**{"mean of the others": table["block"].map(others)})


def models(places: Mapping[str, Path]) -> pd.DataFrame:
    """Read model-recycling's table: a base model a row; one that is there twice is kept once.

    Returns
    -------
    DataFrame
        The table with `owner`, who published the model, and `gain` over the first row, the pretrained model.
    """
    (path,) = places.values()
    table = read_frame(path, ("model_name", "avg", "mnli_lp"))
    table = table.drop_duplicates("model_name").reset_index(drop=True)
    probe = table["mnli_lp"].where(table["mnli_lp"] > 0)
    return table.assign(
        mnli_lp=probe,
        owner=table["model_name"].str.partition("/")[0],
        gain=table["avg"] - table["avg"].iloc[0],
        pretrained=[row == 0 for row in range(len(table))],
        probed=probe.notna() & table["avg"].notna() & (table.index > 0),
    )


def speakers(
    places: Mapping[str, Path], *, scores: str, score: str, counts: Mapping[str, str], without: list[str]
) -> pd.DataFrame:
    """Read a score for each language, and how many people speak it.

    Parameters
    ----------
    scores, score
        The file of scores, and its column.
    counts
        Column → file with a language and a number a row, without a header.
    without
        Languages that the paper leaves out.
    """
    table = read_frame(places[scores], ("Language", score), sep="\t")
    frame = pd.DataFrame({"language": table["Language"], "score": table[score]})
    for name, file in counts.items():
        given = read_frame(places[file], sep="\t", header=None).set_axis(["language", name], axis=1)
        frame = frame.merge(given, on="language", how="left")
    return frame[~frame["language"].isin(without)].reset_index(drop=True)


def task_pairs(places: Mapping[str, Path]) -> pd.DataFrame:
    """Read TaskWeb's summary: what each source task does to each target task, a mean over seven setups.

    Returns
    -------
    DataFrame
        `source`, `target`, `gain` (0.5 PC + 0.5 (0.2 PM − 0.1), as the paper combines the mean change and the share of seeds that
        improve), `rounded` to two decimals, `back`, the gain of the reverse pair, and for each pair of tasks once `commutes`:
        whether both rounded gains have one sign.
    """
    (path,) = places.values()
    needed = ("model", "source_task", "target_task", "mean_relative_change", "share_of_seeds_improved")
    table = read_frame(path, needed)
    table = table[table["model"] == "all"]
    gain = 0.5 * table["mean_relative_change"] + 0.5 * (0.2 * table["share_of_seeds_improved"] - 0.1)
    frame = pd.DataFrame({"source": table["source_task"], "target": table["target_task"], "gain": gain})
    frame = frame[frame["source"] != frame["target"]]
    frame["rounded"] = frame["gain"].round(2)
    back = frame.rename(columns={"source": "target", "target": "source", "gain": "back", "rounded": "back_rounded"})
    frame = frame.merge(back, on=["source", "target"], how="left")
    frame["once"] = frame["back"].notna() & (frame["source"] < frame["target"])
    return frame.assign(commutes=frame["once"] & (frame["rounded"] * frame["back_rounded"] > 0))


def tagging(
    places: Mapping[str, Path],
    *,
    scores: str,
    languages: str,
    pretrained: str,
    families: str,
    orders: str,
    lexical: str,
) -> pd.DataFrame:
    """Read xpos: the accuracy of each source language on each target language, and what the two languages share.

    Parameters
    ----------
    scores, languages, pretrained, families, orders, lexical
        The files of scores, of names and scripts, of XLM-R's languages, of families, of word orders, and of lexical distances.

    Returns
    -------
    DataFrame
        `source`, `target` (names), `score`, `same_family`, `same_script`, `same_order` (1 or 0), `lexical`,
        `source_pretrained` and `target_pretrained`. A language is no source of itself.
    """
    table = read_frame(places[scores], ("lang_train", "lang_pred", "score"))
    known = read_frame(places[languages], ("language_id", "language", "script")).set_index("language_id")
    seen = set(read_frame(places[pretrained], ("language",))["language"])
    order = read_frame(places[orders], ("language", "SOV")).set_index("language")["SOV"]
    lines = [line.split(" ", 1) for line in places[families].read_text(encoding="utf-8").splitlines() if line.strip()]
    family = {name.replace("_", " "): "IE" if of.startswith("IE") else of.strip() for name, of in lines}
    frame = pd.DataFrame({"source": table["lang_train"], "target": table["lang_pred"], "score": table["score"]})
    frame = frame[frame["source"] != frame["target"]].reset_index(drop=True)
    script = [frame[side].map(known["script"]) for side in ("source", "target")]
    frame = frame.assign(**{side: frame[side].map(known["language"]) for side in ("source", "target")})
    distance = read_frame(places[lexical], index_col=0).stack()
    pairs = pd.MultiIndex.from_frame(frame[["source", "target"]])
    sides = [frame["source"], frame["target"]]
    families_of, orders_of = ([side.map(of) for side in sides] for of in (family, order))
    return frame.assign(
        same_family=(families_of[0] == families_of[1]).astype(int),
        same_script=(script[0] == script[1]).astype(int),
        same_order=(orders_of[0].fillna("Unknown") == orders_of[1].fillna("Unknown")).astype(int),
        lexical=distance.reindex(pairs).fillna(100.0).to_numpy(),
        source_pretrained=frame["source"].isin(seen).astype(int),
        target_pretrained=frame["target"].isin(seen).astype(int),
    )
