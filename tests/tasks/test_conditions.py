from __future__ import annotations

import pytest
from transfer_analysis.errors import InputError
from transfer_analysis.tasks.conditions import Condition, parse_condition, task_of


@pytest.mark.parametrize(
    ("name", "condition"),
    [
        ("none", Condition("none")),
        ("squad", Condition("squad")),
        ("anli+", Condition("anli+")),
        ("anli++mlm", Condition("anli+", with_mlm=True)),
        ("squad@de", Condition("squad", "de")),
        ("squad@de+mlm", Condition("squad", "de", True)),
        ("multi-task+mlm", Condition("multi-task", with_mlm=True)),
        ("mlm", Condition("mlm")),
    ],
)
def test_names_are_taken_apart_and_put_together(name, condition):
    assert parse_condition(name) == condition
    assert str(condition) == name
    assert task_of(name) == condition.base


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("+mlm", "expected a task"),
        ("squad@", "expected a task"),
        ("none+mlm", "language modelling alone is the condition 'mlm'"),
        ("mlm+mlm", "language modelling alone"),
        ("mlm@de", "mlm has no training examples that could be translated"),
    ],
)
def test_names_that_no_condition_has(name, message):
    with pytest.raises(InputError, match=message):
        parse_condition(name)
