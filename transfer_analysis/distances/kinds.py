"""The kinds of distance between tasks, each one object: what it needs, and how it is computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Literal

from transfer_analysis.distances.inputs import Inputs
from transfer_analysis.distances.matrix import DistanceMatrix
from transfer_analysis.distances.tasks import distributions, otdd, semantic, vocabulary
from transfer_analysis.distances.tasks.examples import texts_of
from transfer_analysis.errors import InputError, UnsuitedError, nearest
from transfer_analysis.extensions import extended
from transfer_analysis.progress import Report, silent

if TYPE_CHECKING:
    from transfer_analysis.distances.embeddings.encoders import TextEncoder
    from transfer_analysis.distances.models.tuned import TunedTasks

#: The entry point under which others add their kinds.
GROUP = "transfer_analysis.task_distances"

#: Texts that trained encoders are compared on where a person gives none.
PROBES = 512

#: What a kind is computed from: texts and a text encoder; words; descriptions; texts with classes; trained encoders.
Needs = Literal["embeddings", "words", "descriptions", "classes", "training"]

#: How a kind is computed.
Compute = Callable[[Inputs, Report], DistanceMatrix]


@dataclass(frozen=True)
class Kind:
    """A kind of distance between tasks; others add theirs under the entry point `transfer_analysis.task_distances`.

    Attributes
    ----------
    needs
        What it is computed from.
    title
        What it is, in a few words.
    compute
        From what it is computed from, to the matrix.
    directed
        Whether from intermediate task (rows) to target (columns) differs from the way back.
    """

    name: str
    needs: Needs
    title: str
    compute: Compute
    directed: bool = False


def _embedded(compute: Callable[[semantic.Texts, TextEncoder], DistanceMatrix]) -> Compute:
    return lambda inputs, report: compute(texts_of(inputs.examples), inputs.text_encoder())


def _sliced(inputs: Inputs, report: Report) -> DistanceMatrix:
    texts = texts_of(inputs.examples)
    return distributions.sliced_wasserstein_distances(texts, inputs.text_encoder(), seed=inputs.seed)


def _described(inputs: Inputs, report: Report) -> DistanceMatrix:
    missing = [name for name in inputs.examples if not inputs.descriptions.get(name, "").strip()]
    if missing:
        raise UnsuitedError(
            f"no description of {', '.join(missing)}: the catalogue has none; give --descriptions FILE.yaml with one line "
            "for each task"
        )
    described = {name: inputs.descriptions[name] for name in inputs.examples}
    return semantic.description_distances(described, inputs.text_encoder())


def _labelled(inputs: Inputs, report: Report) -> DistanceMatrix:
    labelled = {name: one for name, one in inputs.examples.items() if one.classes is not None}
    if len(labelled) < 2:
        raise UnsuitedError(
            f"otdd needs two tasks with classes, and {', '.join(labelled) or 'none'} of {', '.join(inputs.examples)} has "
            "some; in a file they stand in the field label"
        )
    return otdd.label_aware_distances(labelled, inputs.text_encoder())


def _of_words(compute: Callable[..., DistanceMatrix]) -> Compute:
    def computed(inputs: Inputs, report: Report) -> DistanceMatrix:
        texts, tokenizer = texts_of(inputs.examples), inputs.tokenizer
        if tokenizer is None:
            return compute(texts)
        return compute(
            texts, lambda given: [list(map(str, ids)) for ids in tokenizer.ids(given)], tokenizer.provenance()
        )

    return computed


def _of_trained(compute: Callable[[TunedTasks, Inputs, Report], DistanceMatrix]) -> Compute:
    def computed(inputs: Inputs, report: Report) -> DistanceMatrix:
        tuned = inputs.tuned_tasks(report)
        with tuned.numerics.applied(tuned.encoder):
            return compute(tuned, inputs, report)

    return computed


def _task_embedding(name: str) -> Compute:
    return _of_trained(lambda tuned, inputs, report: inputs.task_embeddings(report)[name])


# What follows imports torch, and is imported when it is used.


def _cka(tuned: TunedTasks, inputs: Inputs, report: Report) -> DistanceMatrix:
    from transfer_analysis.distances.models.representations import cka_distances

    return cka_distances(tuned, _probes(inputs), report)


def _rsa(tuned: TunedTasks, inputs: Inputs, report: Report) -> DistanceMatrix:
    from transfer_analysis.distances.models.representations import rsa_distances

    return rsa_distances(tuned, _probes(inputs), report)


def _probes(inputs: Inputs) -> list[str]:
    texts = [text for one in inputs.examples.values() for text in one.texts]
    return list(inputs.probes) or [texts[i] for i in semantic.evenly(len(texts), PROBES)]


def _task_vector(tuned: TunedTasks, inputs: Inputs, report: Report) -> DistanceMatrix:
    from transfer_analysis.distances.models.representations import task_vector_distances

    return task_vector_distances(tuned, report)


def _logme(tuned: TunedTasks, inputs: Inputs, report: Report) -> DistanceMatrix:
    from transfer_analysis.distances.models.transferability import logme_distances

    return logme_distances(tuned, report)


def _leep(tuned: TunedTasks, inputs: Inputs, report: Report) -> DistanceMatrix:
    from transfer_analysis.distances.models.transferability import leep_distances

    return leep_distances(tuned, report)


def _nce(tuned: TunedTasks, inputs: Inputs, report: Report) -> DistanceMatrix:
    from transfer_analysis.distances.models.transferability import nce_distances

    return nce_distances(tuned, report)


def _h_score(tuned: TunedTasks, inputs: Inputs, report: Report) -> DistanceMatrix:
    from transfer_analysis.distances.models.transferability import h_score_distances

    return h_score_distances(tuned, report)


def _few_shot(tuned: TunedTasks, inputs: Inputs, report: Report) -> DistanceMatrix:
    from transfer_analysis.distances.models.fewshot import few_shot_distances

    return few_shot_distances(tuned, {name: inputs.examples[name] for name in tuned.tasks}, report)


_BUNDLED = (
    Kind(
        "mean-embedding-cosine",
        "embeddings",
        "cosine of mean embeddings (SEmb, TextEmb)",
        _embedded(semantic.mean_embedding_distances),
    ),
    Kind("mmd", "embeddings", "maximum mean discrepancy", _embedded(distributions.mmd_distances)),
    Kind("energy", "embeddings", "energy distance", _embedded(distributions.energy_distances)),
    Kind("frechet", "embeddings", "Fréchet distance of Gaussians", _embedded(distributions.frechet_distances)),
    Kind("sliced-wasserstein", "embeddings", "sliced Wasserstein distance", _sliced),
    Kind(
        "sinkhorn",
        "embeddings",
        "Sinkhorn divergence (entropic optimal transport)",
        _embedded(distributions.sinkhorn_distances),
    ),
    Kind(
        "max-similarity",
        "embeddings",
        "similarity of the nearest example (retrieval of experts)",
        _embedded(semantic.max_similarity_distances),
        directed=True,
    ),
    Kind("description", "descriptions", "cosine of task descriptions", _described),
    Kind("otdd", "classes", "label-aware optimal transport (OTDD)", _labelled),
    Kind(
        "token-divergence",
        "words",
        "Jensen–Shannon distance of words",
        _of_words(vocabulary.token_divergence_distances),
    ),
    Kind(
        "vocabulary-overlap",
        "words",
        "vocabulary not shared (Jaccard)",
        _of_words(vocabulary.vocabulary_overlap_distances),
    ),
    Kind("tfidf", "words", "cosine of TF–IDF vectors", _of_words(vocabulary.tfidf_distances)),
    *(
        Kind(name, "training", f"task embeddings{of}", _task_embedding(name), directed)
        for name, of, directed in (
            ("task-embedding", " (TaskEmb): rank fusion", True),
            ("task-embedding-embeddings", ": word embeddings", False),
            ("task-embedding-attention", ": attention", False),
            ("task-embedding-feed-forward", ": feed-forward", False),
            ("task-embedding-layer-outputs", ": layer outputs", False),
            ("task-embedding-pooled", ": pooled state", False),
        )
    ),
    Kind("cka", "training", "linear CKA of states", _of_trained(_cka)),
    Kind("rsa", "training", "representational similarity of states", _of_trained(_rsa)),
    Kind("task-vector", "training", "cosine of task vectors", _of_trained(_task_vector)),
    Kind("logme", "training", "LogME", _of_trained(_logme), directed=True),
    Kind("leep", "training", "LEEP", _of_trained(_leep), directed=True),
    Kind("nce", "training", "negative conditional entropy (NCE)", _of_trained(_nce), directed=True),
    Kind("h-score", "training", "H-score", _of_trained(_h_score), directed=True),
    Kind("few-shot", "training", "few-shot fine-tuning", _of_trained(_few_shot), directed=True),
)


@cache
def task_kinds() -> dict[str, Kind]:
    """Return every kind of distance between tasks by its name: the bundled ones, then those of other packages.

    Raises
    ------
    InputError
        For one of another package that is none, or takes a name that is taken.
    """
    return extended(
        _BUNDLED,
        GROUP,
        name=lambda kind: kind.name,
        fits=lambda kind: isinstance(kind, Kind),
        noun="a kind of distance",
        expected="a Kind",
    )


def task_kind(name: str) -> Kind:
    """Return a kind of distance between tasks by its name.

    Raises
    ------
    InputError
        For one that there is not, with the nearest.
    """
    known = task_kinds()
    if name not in known:
        raise InputError(f"unknown task distance {name!r}{nearest(name, known)}; expected {', '.join(known)}")
    return known[name]


def task_distances(kind: str, inputs: Inputs, report: Report = silent) -> DistanceMatrix:
    """Return one kind of distance between tasks.

    Kinds that need classes are between the tasks that have some, and kinds that need training between those that can be
    trained on; the others are not in the matrix.

    Raises
    ------
    InputError
        For an unknown kind, or where what it needs is not there.
    """
    chosen = task_kind(kind)
    found = chosen.compute(inputs, report)
    if chosen.needs == "descriptions":
        return found
    labels = {*found.rows, *found.columns}
    data = {name: one.data for name, one in inputs.examples.items() if name in labels}
    return replace(found, parameters={**found.parameters, "data": data})
