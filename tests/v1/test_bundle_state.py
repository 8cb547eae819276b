"""The `checkpoint` file: read and written as TensorFlow does."""

import logging
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onevar.core import op_errors
from onevar.core.bundle import checkpoint_state as state
from onevar.core.bundle import write
from onevar.core.bundle.checkpoint_state import CheckpointState
from onevar.core.bundle.wire import Malformed

PATHS = ("model-1", "/abs/model-2", "a b", "q\"uo'te\\", "ünï\n\t\r", "\x01\x7f\x80", "")


def test_what_tensorflow_writes_is_written(tmp_path):
    state.update_checkpoint_state(tmp_path, "/a/ünï-2", ["/a/model-1", "/a/ünï-2"], None, [1.5, 1.7e9], 0.1)
    assert (tmp_path / "checkpoint").read_text("utf-8") == (
        'model_checkpoint_path: "/a/ünï-2"\n'
        'all_model_checkpoint_paths: "/a/model-1"\n'
        'all_model_checkpoint_paths: "/a/ünï-2"\n'
        "all_model_checkpoint_timestamps: 1.5\n"
        "all_model_checkpoint_timestamps: 1700000000.0\n"
        "last_preserved_timestamp: 0.1\n"
    )


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))), st.lists(st.floats(allow_nan=False)))
def test_text_round_trip(paths, times):
    one = CheckpointState("latest", paths, times, 3.25)
    assert CheckpointState.from_text(one.to_text()) == one


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ('model_checkpoint_path: "m" # why\nall_model_checkpoint_paths: ["a", \'b\']', ["a", "b"]),
        ('model_checkpoint_path: "m"; all_model_checkpoint_paths: "a" "b",', ["ab"]),
        ('all_model_checkpoint_paths:"\\x41\\101\\u00fc\\n"\nmodel_checkpoint_path\n:\n"m"', ["AAü\n"]),
        ('model_checkpoint_path: "m" all_model_checkpoint_paths: []', []),
        ("model_checkpoint_path: 'm' all_model_checkpoint_paths: 'ü'", ["ü"]),
    ],
)
def test_the_text_format(tmp_path, text, paths):
    (tmp_path / "checkpoint").write_text(text)
    found = state.read_state(tmp_path)
    assert (found.model_checkpoint_path, found.all_model_checkpoint_paths) == ("m", paths)
    pytest.importorskip("google.protobuf")
    tf = pytest.importorskip("tensorflow")
    theirs = tf.train.get_checkpoint_state(str(tmp_path))
    assert list(theirs.all_model_checkpoint_paths) == state.get_checkpoint_state(tmp_path).all_model_checkpoint_paths


@pytest.mark.parametrize(
    "text",
    ["nonsense", "model_checkpoint_path: 3", 'model_checkpoint_path: "a', "what: 1", 'model_checkpoint_path "m"', "{",
     'last_preserved_timestamp: "x"', "last_preserved_timestamp: x", 'model_checkpoint_path: "\\q"',
     "x: [1", "x: [1 2]"],
)  # fmt: skip
def test_a_damaged_file_is_ignored_with_a_warning(tmp_path, caplog, text):
    (tmp_path / "checkpoint").write_text(text)
    with pytest.raises(Malformed):
        state.read_state(tmp_path)
    assert state.get_checkpoint_state(tmp_path) is None and state.latest_checkpoint(tmp_path) is None
    assert "Checkpoint ignored" in caplog.text


def test_without_a_latest(tmp_path):
    (tmp_path / "checkpoint").write_text("last_preserved_timestamp: 1")
    with pytest.raises(ValueError, match="Invalid checkpoint state"):
        state.get_checkpoint_state(tmp_path)


def test_nothing_there(tmp_path, caplog):
    assert state.read_state(tmp_path) is None and state.get_checkpoint_state(tmp_path) is None
    assert state.latest_checkpoint(tmp_path) is None and state.latest_checkpoint(tmp_path / "no") is None
    state.remove_checkpoint(str(tmp_path / "no" / "model"))
    assert not caplog.records


def test_the_latest_and_its_removal(tmp_path, caplog):
    prefix = str(tmp_path / "model-1")
    write(prefix, {"w": np.zeros(3)})
    (tmp_path / "model-1.meta").write_text("")
    (tmp_path / "model-10.index").write_text("another's")
    state.update_checkpoint_state(tmp_path, prefix, latest_filename="latest")
    assert state.latest_checkpoint(tmp_path, "latest") == prefix and state.latest_checkpoint(tmp_path) is None
    assert state.checkpoint_exists(prefix) and not state.checkpoint_exists(prefix + "x")
    assert state.get_checkpoint_mtimes([prefix, "nope"]) == [os.stat(prefix + ".index").st_mtime_ns / 1e9]
    state.remove_checkpoint(prefix)
    assert sorted(os.listdir(tmp_path)) == ["latest", "model-10.index"]
    assert state.latest_checkpoint(tmp_path, "latest") is None
    assert "Couldn't match files" in caplog.text


def test_relative_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkdir("d")
    state.update_checkpoint_state("d", "d/model-2", ["d/model-1"])
    raw = state.read_state("d")
    assert (raw.model_checkpoint_path, raw.all_model_checkpoint_paths) == ("model-2", ["model-1", "model-2"])
    assert state.get_checkpoint_state("d").all_model_checkpoint_paths == ["d/model-1", "d/model-2"]
    state.update_checkpoint_state(tmp_path / "d", str(tmp_path / "d/model-3"), save_relative_paths=True)
    assert state.read_state("d").model_checkpoint_path == "model-3"


def test_what_is_refused(tmp_path):
    with pytest.raises(ValueError, match="must match"):
        state.update_checkpoint_state(tmp_path, "m", ["m"], all_model_checkpoint_timestamps=[1, 2])
    with pytest.raises(RuntimeError, match="conflicts with path used for checkpoint state"):
        state.update_checkpoint_state(tmp_path, str(tmp_path / "checkpoint"))
    with pytest.raises(op_errors.NotFoundError, match="Make the folder first"):
        state.write_state(tmp_path / "no", CheckpointState("m"))
    assert os.listdir(tmp_path) == []


def test_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    state.write_state(tmp_path, CheckpointState("old"))

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(op_errors.ResourceExhaustedError, match="checkpoint could not be written"):
        state.write_state(tmp_path, CheckpointState("new"))
    assert state.read_state(tmp_path).model_checkpoint_path == "old" and os.listdir(tmp_path) == ["checkpoint"]


def test_names_of_graph_files():
    assert state.meta_graph_filename("a/model-3") == "a/model-3.meta"
    assert state.meta_graph_filename("a/model-?????-of-00002", "pb") == "a/model.pb"


def same(one, other):
    """Older protocol buffers wrote what is not ASCII in octal; what is read must be the same then."""
    if one.isascii() == other.isascii():
        return one == other
    return CheckpointState.from_text(one.decode()) == CheckpointState.from_text(other.decode())


@pytest.fixture
def oracle(caplog):
    caplog.set_level(logging.ERROR)
    return pytest.importorskip("tensorflow").compat.v1.train


@pytest.mark.parametrize("folder", ["", "d", "./d", "d/"])
@pytest.mark.parametrize("times", [None, [1.0, 2.0, 123456789.123]])
@pytest.mark.parametrize("last", [None, 0.0, 1e300, 1e-7])
def test_like_tensorflow(tmp_path, monkeypatch, oracle, folder, times, last):
    monkeypatch.chdir(tmp_path)
    os.mkdir("d")
    files = {}
    for which in (oracle, state):
        paths = [f"{folder}/m-1" if folder else "m-1", "/abs/m-2", os.path.join(folder, "ä-3")]
        which.update_checkpoint_state(folder, paths[-1], paths, None, times, last)
        files[which] = Path(folder, "checkpoint").read_bytes()
    assert same(files[state], files[oracle])
    mine, theirs = state.get_checkpoint_state(folder), oracle.get_checkpoint_state(folder)
    assert mine.model_checkpoint_path == theirs.model_checkpoint_path
    assert mine.all_model_checkpoint_paths == list(theirs.all_model_checkpoint_paths)
    assert mine.all_model_checkpoint_timestamps == list(theirs.all_model_checkpoint_timestamps)
    assert mine.last_preserved_timestamp == theirs.last_preserved_timestamp


@pytest.mark.parametrize("path", PATHS)
def test_strings_like_tensorflow(tmp_path, oracle, path):
    found = []
    for which in (oracle, state):
        which.update_checkpoint_state(str(tmp_path), path, [path])
        found.append((tmp_path / "checkpoint").read_bytes())
    assert same(*found)
