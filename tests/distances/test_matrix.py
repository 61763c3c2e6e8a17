from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from transfer_analysis.distances import DistanceMatrix
from transfer_analysis.errors import InputError


@pytest.fixture
def matrix():
    return DistanceMatrix(
        pd.DataFrame([[0.0, 1.0], [2.0, np.nan], [3.0, 4.0]], index=["a", "b", "c"], columns=["x", "no"]),
        "toy",
        {"k": 1},
    )


def test_values_are_found_by_label(matrix):
    assert matrix.array(["c", "a"], ["no", "x"]).tolist() == [[4.0, 3.0], [1.0, 0.0]]
    assert matrix.missing() == 1


def test_unknown_labels_are_refused_by_name(matrix):
    with pytest.raises(InputError, match="distance toy has no 'xx'"):
        matrix.array(["a"], ["xx"])


def test_repeated_labels_are_refused():
    with pytest.raises(InputError, match="row label 'a' occurs more than once"):
        DistanceMatrix(pd.DataFrame([[1.0], [2.0]], index=["a", "a"], columns=["x"]), "toy")


def test_round_trip_keeps_labels_that_look_like_nothing(matrix, tmp_path):
    matrix.write(tmp_path / "m.csv")
    back = DistanceMatrix.read(tmp_path / "m.csv")
    pd.testing.assert_frame_equal(back.values, matrix.values)
    assert (back.kind, back.parameters) == ("toy", {"k": 1})


def test_the_numbers_of_shared_features_are_written_too(tmp_path):
    from transfer_analysis.distances import language_distances

    language_distances(["en", "de"], "syntactic").write(tmp_path / "d.csv")
    assert (tmp_path / "d-shared.csv").read_text() == "shared features,en,de\nen,196,84\nde,84,84\n"
    with pytest.raises(InputError, match="ends in .csv"):
        language_distances(["en", "de"], "syntactic").write(tmp_path / "d.json")


def test_a_cell_that_is_no_number_is_named(tmp_path):
    (tmp_path / "m.csv").write_text("d,x,y\na,0,1\nb,far,0\n")
    with pytest.raises(InputError, match="m.csv row 3, column 'x': 'far' is not a number"):
        DistanceMatrix.read(tmp_path / "m.csv")


def test_a_file_that_is_no_matrix_is_named(tmp_path):
    path = tmp_path / "m.csv"
    for text, message in {
        "x,a,a\nb,1,2\n": "the header gives 'a' 2 times",
        "x,a,b\nb,1\n": "row 2: has 2 fields",
        "x,a,b\nb,1,inf\n": "row 2, column 'b': 'inf' is not a number",
        "x\nb\n": "expected a matrix with labels",
        "x,a\n": "expected a matrix with labels",
    }.items():
        path.write_text(text)
        with pytest.raises(InputError, match=message):
            DistanceMatrix.read(path)
    path.write_text("x,a\nb,1\n")
    path.with_suffix(".json").write_text("{")
    with pytest.raises(InputError, match="m.json: is not JSON"):
        DistanceMatrix.read(path)
    path.with_suffix(".json").write_text("[]")
    with pytest.raises(InputError, match="expected a JSON object"):
        DistanceMatrix.read(path)


def test_rows_and_remarks():
    values = pd.DataFrame([[0, np.nan], [1, np.nan]], index=["a", "b"], columns=["a", "c"])
    matrix = DistanceMatrix(values, "k", {"imputation": "nearest, k = 10: 3 values"}, shared=values.notna().astype(int))
    assert matrix.from_rows(["b"]).rows == ["b"]
    assert matrix.from_rows(["b"]).shared.shape == (1, 2)
    assert matrix.remarks() == [
        "2 of 4 k distances are missing; none at all of c",
        "unknown features guessed: nearest, k = 10: 3 values",
    ]


def test_shared_features_are_read_back(tmp_path):
    values = pd.DataFrame([[0.0, 0.5], [0.5, 0.0]], index=["no", "nan"], columns=["no", "nan"])
    DistanceMatrix(
        values, "k", shared=pd.DataFrame([[3, 2], [2, 9]], index=["no", "nan"], columns=["no", "nan"])
    ).write(tmp_path / "m.csv")
    assert DistanceMatrix.read(tmp_path / "m.csv").shared.loc["no", "nan"] == 2
