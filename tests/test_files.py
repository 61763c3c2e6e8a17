from __future__ import annotations

import pytest
from transfer_analysis.errors import InputError, nearest
from transfer_analysis.files import atomic_path, read_text, require_file, sha256, write_text


def test_a_failed_write_leaves_nothing_and_keeps_the_old_file(tmp_path):
    path = tmp_path / "table.csv"
    write_text(path, "old\n")

    def fail():
        with atomic_path(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_text() == "old\n"
    assert [p.name for p in tmp_path.iterdir()] == ["table.csv"]


def test_sha256(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    assert sha256(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_require_file_says_what_is_wrong(tmp_path):
    with pytest.raises(InputError, match="no such file; expected a table"):
        require_file(tmp_path / "x", "a table")
    with pytest.raises(InputError, match="is a folder"):
        require_file(tmp_path, "a table")
    (tmp_path / "empty").touch()
    with pytest.raises(InputError, match="is empty"):
        require_file(tmp_path / "empty", "a table")


def test_nearest():
    assert nearest("xnly", ["xnli", "squad"]) == " (did you mean 'xnli'?)"
    assert nearest("zzz", ["xnli"]) == ""


def test_what_cannot_be_written_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="is a folder; give a file"):
        write_text(tmp_path, "x")
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="cannot be written"):
        write_text(tmp_path / "file" / "below.csv", "x")


def test_what_is_not_text_is_an_input_error(tmp_path):
    (tmp_path / "a").write_bytes(b"caf\xe9")
    with pytest.raises(InputError, match="is not text in UTF-8 .byte 3.; expected a plan"):
        read_text(tmp_path / "a", "a plan")
