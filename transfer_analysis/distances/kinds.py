"""The kinds of distance between tasks by name: what each needs, and how it is computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from transfer_analysis.distances.matrix import DistanceMatrix
from transfer_analysis.distances.tasks import distributions, otdd, semantic, vocabulary
from transfer_analysis.distances.tasks.examples import TaskExamples, texts_of
from transfer_analysis.errors import InputError, UnsuitedError, nearest
from transfer_analysis.progress import Report, silent

if TYPE_CHECKING:
    from transfer_analysis.distances.embeddings.encoders import TextEncoder
    from transfer_analysis.distances.models.tuned import TunedTasks
    from transfer_analysis.distances.tokenizers import Tokenizer

#: Texts that trained encoders are compared on where a person gives none.
PROBES = 512

#: What a kind is computed from: texts and a text encoder; words; descriptions; texts with classes; trained encoders.
Needs = Literal["embeddings", "words", "descriptions", "classes", "training"]


@dataclass(frozen=True)
class Kind:
    """A kind of distance between tasks.

    Attributes
    ----------
    needs
        What it is computed from.
    title
        What it is, in a few words.
    directed
        Whether from intermediate task (rows) to target (columns) differs from the way back.
    """

    needs: Needs
    title: str
    directed: bool = False


TASK_KINDS = {
    "mean-embedding-cosine": Kind("embeddings", "cosine of mean embeddings (SEmb, TextEmb)"),
    "mmd": Kind("embeddings", "maximum mean discrepancy"),
    "energy": Kind("embeddings", "energy distance"),
    "frechet": Kind("embeddings", "Fréchet distance of Gaussians"),
    "sliced-wasserstein": Kind("embeddings", "sliced Wasserstein distance"),
    "sinkhorn": Kind("embeddings", "Sinkhorn divergence (entropic optimal transport)"),
    "max-similarity": Kind("embeddings", "similarity of the nearest example (retrieval of experts)", directed=True),
    "description": Kind("descriptions", "cosine of task descriptions"),
    "otdd": Kind("classes", "label-aware optimal transport (OTDD)"),
    "token-divergence": Kind("words", "Jensen–Shannon distance of words"),
    "vocabulary-overlap": Kind("words", "vocabulary not shared (Jaccard)"),
    "tfidf": Kind("words", "cosine of TF–IDF vectors"),
    "task-embedding": Kind("training", "task embeddings (TaskEmb): rank fusion", directed=True),
    "task-embedding-embeddings": Kind("training", "task embeddings: word embeddings"),
    "task-embedding-attention": Kind("training", "task embeddings: attention"),
    "task-embedding-feed-forward": Kind("training", "task embeddings: feed-forward"),
    "task-embedding-layer-outputs": Kind("training", "task embeddings: layer outputs"),
    "task-embedding-pooled": Kind("training", "task embeddings: pooled state"),
    "cka": Kind("training", "linear CKA of states"),
    "rsa": Kind("training", "representational similarity of states"),
    "task-vector": Kind("training", "cosine of task vectors"),
    "logme": Kind("training", "LogME", directed=True),
    "leep": Kind("training", "LEEP", directed=True),
    "nce": Kind("training", "negative conditional entropy (NCE)", directed=True),
    "h-score": Kind("training", "H-score", directed=True),
    "few-shot": Kind("training", "few-shot fine-tuning", directed=True),
}

_EMBEDDED: dict[str, Callable[[semantic.Texts, TextEncoder], DistanceMatrix]] = {
    "mean-embedding-cosine": semantic.mean_embedding_distances,
    "mmd": distributions.mmd_distances,
    "energy": distributions.energy_distances,
    "frechet": distributions.frechet_distances,
    "sinkhorn": distributions.sinkhorn_distances,
    "max-similarity": semantic.max_similarity_distances,
}

_WORDS: dict[str, Callable[..., DistanceMatrix]] = {
    "token-divergence": vocabulary.token_divergence_distances,
    "vocabulary-overlap": vocabulary.vocabulary_overlap_distances,
    "tfidf": vocabulary.tfidf_distances,
}


@dataclass
class Inputs:
    """What kinds are computed from; each part is needed by some of them only.

    Attributes
    ----------
    examples
        Task → its examples.
    encoder
        Embeds texts; called once, when the first kind needs it.
    tokenizer
        For kinds of words: counts subwords in place of words, where given.
    descriptions
        Task → what it is about.
    tuned
        Trains an encoder on some tasks; called once, when the first kind needs it.
    probes
        Texts that trained encoders are compared on; where there are none, at most 512 of the tasks' own, evenly taken.
    seed
        Of the directions of the sliced distance.
    """

    examples: Mapping[str, TaskExamples]
    encoder: Callable[[], TextEncoder]
    tokenizer: Tokenizer | None = None
    descriptions: Mapping[str, str] = field(default_factory=dict)
    tuned: Callable[[dict[str, TaskExamples], Report], TunedTasks] | None = None
    probes: Sequence[str] = ()
    seed: int = 0
    _made: dict[str, Any] = field(default_factory=dict, repr=False)

    def text_encoder(self) -> TextEncoder:
        """Return the encoder of texts."""
        if "encoder" not in self._made:
            self._made["encoder"] = self.encoder()
        encoder: TextEncoder = self._made["encoder"]
        return encoder

    def tuned_tasks(self, report: Report = silent) -> TunedTasks:
        """Return the encoder trained on each task that can be trained on."""
        from transfer_analysis.distances.models.tuned import trainable

        if "tuned" not in self._made:
            if self.tuned is None:
                raise UnsuitedError(
                    "this kind trains an encoder on each task: name tasks and give a corpus with --from"
                )
            chosen = {name: one for name, one in self.examples.items() if trainable(one)}
            if len(chosen) < 2:
                raise UnsuitedError(
                    f"this kind trains on two tasks at least; {', '.join(chosen) or 'none'} of {', '.join(self.examples)} can "
                    "be trained on (tasks with training data and a head)"
                )
            self._made["tuned"] = self.tuned(chosen, report)
        tuned: TunedTasks = self._made["tuned"]
        return tuned

    def task_embeddings(self, report: Report) -> dict[str, DistanceMatrix]:
        """Return all distances between task embeddings, which come from one pass."""
        from transfer_analysis.distances.models.task_embedding import task_embedding_distances

        if "embeddings" not in self._made:
            self._made["embeddings"] = {
                matrix.kind: matrix for matrix in task_embedding_distances(self.tuned_tasks(report), report).values()
            }
        matrices: dict[str, DistanceMatrix] = self._made["embeddings"]
        return matrices


def require_kind(kind: str) -> None:
    """Raise an InputError for an unknown kind, with the nearest known ones."""
    if kind not in TASK_KINDS:
        raise InputError(f"unknown task distance {kind!r}{nearest(kind, TASK_KINDS)}; expected {', '.join(TASK_KINDS)}")


def task_distances(kind: str, inputs: Inputs, report: Report = silent) -> DistanceMatrix:
    """Return one kind of distance between tasks.

    Kinds that need classes are between the tasks that have some, and kinds that need training between those that can be
    trained on; the others are not in the matrix.

    Raises
    ------
    InputError
        For an unknown kind, or where what it needs is not there.
    """
    require_kind(kind)
    found = _computed(kind, inputs, report)
    if TASK_KINDS[kind].needs == "descriptions":
        return found
    labels = {*found.rows, *found.columns}
    data = {name: one.data for name, one in inputs.examples.items() if name in labels}
    return replace(found, parameters={**found.parameters, "data": data})


def _computed(kind: str, inputs: Inputs, report: Report) -> DistanceMatrix:
    needs = TASK_KINDS[kind].needs
    if kind == "sliced-wasserstein":
        return distributions.sliced_wasserstein_distances(
            texts_of(inputs.examples), inputs.text_encoder(), seed=inputs.seed
        )
    if needs == "embeddings":
        return _EMBEDDED[kind](texts_of(inputs.examples), inputs.text_encoder())
    if needs == "words":
        return _of_words(kind, inputs)
    if needs == "descriptions":
        return semantic.description_distances(_described(inputs), inputs.text_encoder())
    if needs == "classes":
        labelled = {name: one for name, one in inputs.examples.items() if one.classes is not None}
        if len(labelled) < 2:
            raise UnsuitedError(
                f"{kind} needs two tasks with classes, and {', '.join(labelled) or 'none'} of {', '.join(inputs.examples)} has "
                "some; in a file they stand in the field label"
            )
        return otdd.label_aware_distances(labelled, inputs.text_encoder())
    return _of_trained(kind, inputs, report)


def _of_words(kind: str, inputs: Inputs) -> DistanceMatrix:
    texts, tokenizer = texts_of(inputs.examples), inputs.tokenizer
    if tokenizer is None:
        return _WORDS[kind](texts)
    return _WORDS[kind](
        texts, lambda given: [list(map(str, ids)) for ids in tokenizer.ids(given)], tokenizer.provenance()
    )


def _described(inputs: Inputs) -> dict[str, str]:
    missing = [name for name in inputs.examples if not inputs.descriptions.get(name, "").strip()]
    if missing:
        raise UnsuitedError(
            f"no description of {', '.join(missing)}: the catalogue has none; give --descriptions FILE.yaml with one line "
            "for each task"
        )
    return {name: inputs.descriptions[name] for name in inputs.examples}


def _of_trained(kind: str, inputs: Inputs, report: Report) -> DistanceMatrix:
    tuned = inputs.tuned_tasks(report)
    with tuned.numerics.applied(tuned.encoder):
        return _trained(kind, inputs, tuned, report)


def _trained(kind: str, inputs: Inputs, tuned: TunedTasks, report: Report) -> DistanceMatrix:
    from transfer_analysis.distances.models import fewshot, representations, transferability

    if kind.startswith("task-embedding"):
        return inputs.task_embeddings(report)[kind]
    if kind in ("cka", "rsa"):
        texts = [text for one in inputs.examples.values() for text in one.texts]
        probes = inputs.probes or [texts[i] for i in semantic.evenly(len(texts), PROBES)]
        compute = representations.cka_distances if kind == "cka" else representations.rsa_distances
        return compute(tuned, probes, report)
    if kind == "few-shot":
        return fewshot.few_shot_distances(tuned, {name: inputs.examples[name] for name in tuned.tasks}, report)
    trained = {
        "task-vector": representations.task_vector_distances,
        "logme": transferability.logme_distances,
        "leep": transferability.leep_distances,
        "nce": transferability.nce_distances,
        "h-score": transferability.h_score_distances,
    }
    return trained[kind](tuned, report)
