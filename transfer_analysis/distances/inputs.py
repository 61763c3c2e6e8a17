"""What kinds of distance between tasks are computed from; encoders are loaded and trained when the first kind needs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from transfer_analysis.distances.matrix import DistanceMatrix
from transfer_analysis.distances.tasks.examples import TaskExamples
from transfer_analysis.errors import UnsuitedError
from transfer_analysis.progress import Report, silent

if TYPE_CHECKING:
    from transfer_analysis.distances.embeddings.encoders import TextEncoder
    from transfer_analysis.distances.models.tuned import TunedTasks
    from transfer_analysis.distances.tokenizers import Tokenizer


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
