"""Commands that test and fit a table on disk."""

from __future__ import annotations

from transfer_analysis.commands import cells, contrasts, languages, matrices, models, pairs, prediction
from transfer_analysis.commands.common import group

app = group("Tests and models of a table on disk: observations of a study, or your own.")
for part in (cells, pairs, prediction, languages, contrasts, matrices, models):
    app.add_typer(part.app)
