"""A head of another package: one entry of the table, one module, and everything that depends on heads works with it."""

from __future__ import annotations

import subprocess
import sys

from tests.toys import installed

_MODULE = """
from transfer_analysis.tasks.heads import HeadKind
from transfer_analysis.training.heads.sequence import REGRESSION, SequenceRegression, tokens
from transfer_analysis.training.reading.features import of_rows
from transfer_analysis.training.work import HeadWork


def features(task, examples, where, encoder, made):
    golds = [len(example[task.columns["text"]]) for example in examples]
    return of_rows(task, made(), golds, golds, encoder)


KIND = HeadKind("text-length", ("text",), ("pearson",), "mine:WORK", of_numbers=True)
WORK = HeadWork(
    tokens,
    features,
    lambda task, encoder: SequenceRegression(encoder.hidden_size, encoder.pooling, encoder.dropout),
    targets=REGRESSION.targets,
    scores=REGRESSION.scores,
)
"""

_USE = """
import numpy as np
from tests.toys import WORDS, task
from transfer_analysis.training.batches import collate
from transfer_analysis.training.heads import make_head
from transfer_analysis.training.pretraining.built import Shape, new_encoder
from transfer_analysis.training.reading.features import featurize
from transfer_analysis.training.scoring.evaluate import evaluate, outputs

about = task("text-length", {"text": "text"}, metric="pearson")
encoder = new_encoder("toy", WORDS, Shape(layers=1, hidden=32, heads=2, feed_forward=64, max_length=32), seed=0)
features = featurize(about, [{"text": "red cat"}, {"text": "red cat sees blue dog"}], encoder, 32, "x")
batch = collate(features, np.arange(2), encoder)
head = make_head(about, encoder, 0)
assert len(head.predict(head(encoder.hidden(batch), batch), batch)) == 2
print(features.targets, round(evaluate(features, outputs(features, [1.0, 5.0]))["pearson"], 6))
"""


def test_a_head_of_another_package_is_a_head(tmp_path):
    environment = installed(tmp_path, _MODULE, "transfer_analysis.heads", "KIND")
    done = subprocess.run([sys.executable, "-c", _USE], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[7, 21] 100.0", done.stderr
