"""Read and tokenize everything a grid needs, so that mistakes cost no training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

import numpy as np

from transfer_analysis.errors import Check, InputError, UnavailableError, nearest
from transfer_analysis.progress import Report, silent
from transfer_analysis.tasks import Task
from transfer_analysis.tasks.conditions import MLM, parse_condition
from transfer_analysis.training.encoder import Encoder
from transfer_analysis.training.reading.checks import check_pairs, require_head, unknown_texts
from transfer_analysis.training.reading.data import Examples, test_languages, training_sources
from transfer_analysis.training.reading.features import Features, unknown_rows
from transfer_analysis.training.reading.tokens import Tokens
from transfer_analysis.training.session import Session


def check_grid(session: Session, encoder: Encoder, report: Report = silent) -> list[str]:
    """Read and tokenize everything that the grid needs; the tokens are kept.

    Returns
    -------
    list
        What the grid runs without: languages that a target should have but has no examples in.

    Raises
    ------
    InputError
        With every problem found, each named by task, language, split and row.
    """
    check = _Check(session, encoder)
    grid = session.grid
    trained = dict.fromkeys((*grid.intermediate_tasks, *grid.targets))
    for i, name in enumerate(trained):
        report(f"checking examples: {name}", i / (len(trained) + 1))
        check.available(name, partial(check.task, name))
    report("checking examples: text", len(trained) / (len(trained) + 1))
    if any(parse_condition(name).reads_text for name in grid.conditions):
        check.available(MLM, check.texts)
    check.names()
    check.languages()
    if check.problems:
        raise InputError(check.problems)
    return check.remarks


#: Points by which shares of inputs that are cut may differ between languages without a remark.
_CUT = 1.0

_NO_HEAD = "mlm: the encoder's file has no language-model head of a known form, so that it begins from random weights"


class _Check(Check):
    """Checks what a grid needs."""

    def __init__(self, session: Session, encoder: Encoder) -> None:
        super().__init__()
        self.session = session
        self.encoder = encoder

    def available(self, name: str, work: Callable[[], object]) -> None:
        """Check something, and note why its examples could not be had now."""
        try:
            self.guarded(work)
        except UnavailableError as error:
            self.session.unavailable[name] = str(error)

    def task(self, name: str) -> None:
        """Check what a task is trained on, and a target's tests."""
        session, grid = self.session, self.session.grid
        about = session.setting.catalogue[name]
        if about.head_kind.of_text:
            raise InputError(f"{name}: text is not a task of its own; name it under mlm, and the condition {MLM!r}")
        require_head(about)
        self.length(name, session.recipe(about).max_length)
        if not about.head_kind.trained:
            return self.retrieval(name)
        for turn in training_sources(grid, session.setting.catalogue, name):
            for source in turn:
                other = session.setting.catalogue[source.task]
                # The numbers of choices may differ; classes may not.
                alike = about.head_kind.of_choices or other.labels == about.labels
                if other.head != about.head or not alike:
                    raise InputError(f"{name}: cannot be trained on {source.task}, whose head or labels differ")
        for condition in map(parse_condition, grid.conditions):
            if name in grid.members(condition):
                turns = session.training(name, grid.intermediate_examples, condition.language)
                self.guarded(lambda t=turns: self.examples(name, [e for turn in t for e in turn]))  # type: ignore[misc]
                self.guarded(lambda t=turns: self.together(name, t))  # type: ignore[misc]
        parts: list[Examples] = []
        if name in grid.targets:
            turns = session.training(name, grid.target_examples)
            parts += [e for turn in turns for e in turn]
            self.guarded(lambda: self.together(name, turns))
            parts += session.tests(name)
            self.guarded(lambda: self.cut(name))
        self.examples(name, [*parts, *session.development(name)])
        if session.recipe(about).evaluate_every and not session.development(name):
            self.remarks.append(f"{name}: no development examples apart from its tests, so no early stopping")
        return None

    def examples(self, name: str, parts: list[Examples]) -> None:
        """Check examples of a task."""
        for part in parts:
            self.guarded(lambda p=part: self.known(self.session.features(p, self.session.task(name), self.encoder), p))  # type: ignore[misc]

    def cut(self, name: str) -> None:
        """Remark a share of test inputs that are cut, where it differs by language."""
        session, task = self.session, self.session.task(name)
        shares = {e.language: session.features(e, task, self.encoder).cut_share() for e in session.tests(name)}
        self.cut_by_language(name, shares, "read in several windows" if task.head_kind.needs_whole else "cut")

    def cut_by_language(self, name: str, shares: dict[str, float], how: str) -> None:
        """Remark shares of inputs that differ between languages by more than a point."""
        low, high = min(shares, key=lambda code: shares[code]), max(shares, key=lambda code: shares[code])
        if shares[high] - shares[low] > _CUT:
            length = self.session.recipe(self.session.setting.catalogue[name]).max_length
            self.remarks.append(
                f"{name}: longer than {length} subwords and {how}: {shares[high]:.1f}% of the inputs in {high}, "
                f"{shares[low]:.1f}% in {low}. The scores of these languages differ for that reason too (column inputs_cut)"
            )

    def together(self, name: str, turns: list[list[Examples]]) -> None:
        """Check that the sources of a turn can be put together, and that there is something to train on."""
        for turn in turns:
            if not len(self.session.joined_features(turn, self.session.task(name), self.encoder)):
                self.add([f"{name}: none of {', '.join(part.where for part in turn)} has a row with a query"])

    def known(self, features: Features, part: Examples) -> None:
        """Check that the encoder can read the examples."""
        if self.session.grid.unknown == "refuse":
            self.add(unknown_rows(features, part.where, part.rows))

    def retrieval(self, name: str) -> None:
        """Check a target that is scored without training."""
        task = self.session.setting.catalogue[name]
        if name not in self.session.grid.targets:
            raise InputError(f"{name}: has no training examples, so it cannot be an intermediate task")
        if self.session.recipe(task).layer > self.encoder.layers:
            raise InputError(
                f"{name}: the recipe reads layer {self.session.recipe(task).layer}, but the encoder has "
                f"{self.encoder.layers}; set tasks: {{retrieval: {{layer: …}}}} in the recipe"
            )
        for examples in [*self.session.tests(name), *self.session.tuning(name)]:
            self.guarded(lambda e=examples: self.pairs(task, e))  # type: ignore[misc]
        self.guarded(lambda: self.cut_pairs(task))

    def pairs(self, task: Task, examples: Examples) -> None:
        """Check the sentences of a retrieval target in one language."""
        check_pairs(task, examples.records, examples.where, examples.rows)
        if self.session.grid.unknown == "keep":
            return
        for made, rows in self.sides(task, examples):
            unknown, subwords = made.unknown(self.encoder)
            named = [row for row, u, n in zip(rows, unknown, subwords, strict=True) if u == n]
            self.add(unknown_texts(f"{task.name} {examples.where}", named, len(rows)))

    def sides(self, task: Task, examples: Examples) -> Iterator[tuple[Tokens, list[str]]]:
        """Yield the tokens of each side of pairs, and the row of each text."""
        for side in (task.columns["text"], task.columns["pair"]):
            given = [(str(e[side]), row) for e, row in zip(examples.records, examples.rows, strict=True) if e.get(side)]
            alone = task.model_copy(update={"columns": {"text": side}})
            texts = [{side: text} for text, _ in given]
            made = self.session.tokens(alone, texts, self.encoder, self.session.recipe(task).max_length)
            yield made, [row for _, row in given]

    def cut_pairs(self, task: Task) -> None:
        """Remark a share of sentences that are cut, where it differs by language."""
        cut = {
            examples.language: np.concatenate([made.cut for made, _ in self.sides(task, examples)])
            for examples in self.session.tests(task.name)
        }
        self.cut_by_language(task.name, {code: 100 * float(found.mean()) for code, found in cut.items()}, "cut")

    def length(self, name: str, max_length: int) -> None:
        """Check that the encoder takes rows as long as the recipe makes them."""
        if max_length > self.encoder.longest:
            raise InputError(
                f"{name}: the recipe reads up to {max_length} subwords, but the encoder takes at most "
                f"{self.encoder.longest}; set max_length in the recipe"
            )

    def texts(self) -> None:
        """Check the text of language modelling."""
        wanted = self.session.grid.mlm
        assert wanted is not None
        for text in self.session.texts():
            if not text.task.head_kind.of_text:
                self.add([f"mlm: {text.task.name} is not text, its head is {text.task.head}"])
                continue
            if self.encoder.tokenizer.mask_token_id is None:
                self.add(["mlm: the encoder's tokenizer has no mask"])
            if not self.encoder.language_head and (said := _NO_HEAD) not in self.remarks:
                self.remarks.append(said)
            self.length(text.task.name, self.session.recipe(text.task).max_length)
            absent = [
                code for code in wanted.languages if code not in self.session.setting.corpus.languages(text.task.name)
            ]
            if absent:
                self.remarks.append(f"{text.task.name}: no text in {', '.join(absent)}; the grid runs without it")
            self.known(self.session.features(text, text.task, self.encoder), text)

    def names(self) -> None:
        """Check that substitutes and the recipe's overrides are of tasks that there are."""
        catalogue, grid = self.session.setting.catalogue, self.session.grid
        known = [task.name for task in catalogue]
        used = {*grid.targets, *grid.intermediate_tasks}
        self.add(
            f"{field}: {name!r} is neither a target nor an intermediate task of the grid{nearest(name, used)}"
            for field, given in (("substitutes", grid.substitutes), ("limits", grid.limits))
            for name in given
            if name not in used
        )
        self.add(
            f"tested_on: {name!r} is not a target of the grid{nearest(name, grid.targets)}"
            for name in grid.tested_on
            if name not in grid.targets
        )
        heads = {task.head for task in catalogue}
        self.add(
            f"recipe: tasks: unknown head or task {name!r}{nearest(name, [*heads, *known])}"
            for name in self.session.setting.recipe.tasks
            if name not in heads and name not in known
        )

    def languages(self) -> None:
        """Check that every language that is named is tested somewhere, and say what is missing."""
        setting, grid = self.session.setting, self.session.grid
        tested: set[str] = set()
        for target in grid.targets:
            try:
                there, missing = test_languages(setting.corpus, setting.catalogue, grid, target)
            except InputError:
                continue  # said already
            tested |= set(there)
            with suppress(InputError):  # said already
                read = {examples.language for examples in self.session.tests(target)}
                missing = sorted({*missing, *(code for code in there if code not in read)})
            if missing:
                self.remarks.append(f"{target}: no examples in {', '.join(missing)}; the grid runs without them")
        if tested and (nowhere := [code for code in grid.languages if code not in tested]):
            self.add(
                [f"languages: no target has examples in {', '.join(nowhere)}; there are {', '.join(sorted(tested))}"]
            )
