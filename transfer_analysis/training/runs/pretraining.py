"""An encoder that a plan has pretrained: a node of its own, before all others, as examples are read by its tokenizer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from transfer_analysis.errors import InputError
from transfer_analysis.progress import Report
from transfer_analysis.tasks.conditions import NONE
from transfer_analysis.training.engines import make_engine
from transfer_analysis.training.engines.engine import Options
from transfer_analysis.training.grid import PRETRAINING, Job
from transfer_analysis.training.identity import identity
from transfer_analysis.training.pretraining.pretrain import about_pretraining
from transfer_analysis.training.pretraining.settings import load_pretraining
from transfer_analysis.training.runs.endings import Finished
from transfer_analysis.training.runs.nodes import Node
from transfer_analysis.training.runs.run import Control, Event
from transfer_analysis.training.runs.schedule import completed
from transfer_analysis.training.runs.store import Store
from transfer_analysis.training.session import Setting


def pretraining_node(setting: Setting) -> Node:
    """Return the node of a setting whose encoder is to be pretrained; its text is read for that.

    Raises
    ------
    InputError
        For settings or text that are missing or wrong.
    """
    settings = load_pretraining(Path(setting.encoder))
    about = about_pretraining(setting.corpus, setting.catalogue, settings, setting.device.partition(":")[0])
    return Node(Job("pretrained", NONE, settings.seed), PRETRAINING, identity(pretraining=about))


def pretrained(
    setting: Setting, engine: str, options: Options, stopping: Callable[[], bool], report: Report
) -> Setting:
    """Return the setting with the encoder that it has pretrained; pretrained now by the engine, unless it is in the store.

    Raises
    ------
    InputError
        Where it fails, or the machine that did it does not share the store.
    """
    store = Store(setting.store)
    store.open()
    report("reading text", 0.0)
    node = pretraining_node(setting)
    if not store.has_encoder(node.identity):

        def tell(event: Event) -> None:
            if event.steps:
                report(f"pretraining: step {event.step:,} of {event.steps:,}", event.step / event.steps)

        control = Control(tell, stopping)
        running = make_engine(engine, setting, replace(options, workers=1), control)
        for ending, _ in completed(running, [node], store, setting.model, control):
            if not isinstance(ending, Finished):
                raise InputError(getattr(ending, "reason", f"{node}: was not done"))
    return with_encoder(setting, node)


def with_encoder(setting: Setting, node: Node) -> Setting:
    """Return the setting with the encoder that a node has made.

    Raises
    ------
    InputError
        Where it is not in the store.
    """
    store = Store(setting.store)
    if not store.has_encoder(node.identity):
        raise InputError(
            f"{store.path}: the encoder of {setting.encoder} is not there: either it is not pretrained yet, which "
            "`train grid` without --dry-run does first, or it was, on a machine that does not share this store"
        )
    return replace(setting, encoder=str(store.encoder(node.identity)))
