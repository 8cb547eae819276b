"""`onevar convert`: each format into each, faults on the way, and the command."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from onevar.core.bundle import Reader, write
from onevar.core.op_errors import OpError
from onevar.migrate.convert import ConversionError, MappingError, convert
from onevar.migrate.convert.conversion import _Made
from onevar.migrate.convert.formats import open_source

h5py = pytest.importorskip("h5py")
pytest.importorskip("tensorboard")
GOLDEN = Path(__file__).parent / "convert_golden"
#: File names by format; all but the frozen graph are written without being described.
NAMES = {
    "checkpoint": "m.ckpt", "npz": "m.npz", "safetensors": "m.safetensors", "torch": "m.pt",
    "weights.h5": "m.weights.h5", "pb": "m.pb",
}  # fmt: skip


@pytest.fixture
def tensors():
    rng = np.random.default_rng(0)
    shapes = {"net_a/kernel": (3, 4), "net_a/bias": (4,), "net_b/kernel": (5, 3, 3, 2), "net_b/bias": (2,)}
    return {name: rng.normal(size=shape).astype("f") for name, shape in shapes.items()}


def made(folder, kind, tensors):
    """Write the tensors in a format, by writers of ours, which their own readers are tested with elsewhere."""
    path = folder / NAMES[kind]
    if kind == "pb":
        graph(path, tensors)
    else:
        convert(tensors, path, force=True, source_style="keras", target_style="torch" if kind == "torch" else "keras")
    return path


def graph(path, tensors):
    import onevar.v1 as tf

    with tf.Graph().as_default() as g:
        for name, value in tensors.items():
            tf.identity(tf.constant(value, name=name), name=f"{name}/read")
    path.write_bytes(g.as_graph_def().SerializeToString())


def read(path):
    with open_source(path) as source:
        return {name: source.read(name) for name in source.specs}


@pytest.mark.parametrize("old", NAMES)
@pytest.mark.parametrize("new", NAMES)
def test_each_format_into_each_and_back(tmp_path, tensors, old, new):
    (tmp_path / "back").mkdir()
    first = made(tmp_path, old, tensors)
    style = {"source_style": "torch"} if old == "torch" else {"source_style": "keras"}
    like = None
    if new == "pb":
        like = made(tmp_path / "back", "pb", {name: value * 0 for name, value in tensors.items()})
    second = tmp_path / f"new_{NAMES[new]}"
    convert(first, second, like=like, **style, target_style="torch" if new == "torch" else "keras")
    if new == "weights.h5":
        with h5py.File(second) as file:
            assert file["layers/net_a/vars/0"].shape == (3, 4)
    third = tmp_path / "third.npz"
    convert(second, third, source_style="torch" if new == "torch" else "keras", target_style="keras")
    got = read(third)
    assert set(got) == set(tensors)
    for name, value in tensors.items():
        np.testing.assert_array_equal(got[name], value)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
@pytest.mark.parametrize("kind", ["checkpoint", "safetensors", "torch", "weights.h5"])
def test_dtypes_are_kept_and_changed(tmp_path, tensors, kind, dtype):
    path = tmp_path / NAMES[kind]
    report = convert(tensors, path, dtype=dtype, source_style="keras", target_style="keras")
    assert report.notes == [f"4 tensors of float32 became {dtype}."]
    wanted = np.dtype(getattr(ml_dtypes, dtype, None) or dtype)
    for name, value in read(path).items():
        assert value.dtype == wanted
        np.testing.assert_array_equal(value, tensors[name].astype(wanted))


def test_bfloat16_does_not_lose_its_name_in_npz(tmp_path, tensors):
    with pytest.raises(ConversionError, match="npz cannot hold"):
        convert(tensors, tmp_path / "m.npz", dtype="bfloat16", source_style="keras")
    np.savez(tmp_path / "lost.npz", w=np.ones(3, ml_dtypes.bfloat16))
    with pytest.raises(ConversionError, match="their type is lost"):
        open_source(tmp_path / "lost.npz")


def test_safetensors_own_package_reads_it(tmp_path, tensors):
    package = pytest.importorskip("safetensors.numpy")
    convert(tensors, tmp_path / "m.safetensors", target_style="keras", source_style="keras")
    for name, value in package.load_file(tmp_path / "m.safetensors").items():
        np.testing.assert_array_equal(value, tensors[name])
    package.save_file({"x": np.arange(3)}, tmp_path / "theirs.safetensors")
    np.testing.assert_array_equal(read(tmp_path / "theirs.safetensors")["x"], [0, 1, 2])


def test_frozen_graph_keeps_everything_but_its_constants(tmp_path):
    with open_source(GOLDEN / "frozen.pb") as source:
        twice = {name: source.read(name) * 2 for name in source.specs}
        nodes = len(source.graph.node)
    convert(twice, tmp_path / "new.pb", like=GOLDEN / "frozen.pb", source_style="tf1")
    with open_source(tmp_path / "new.pb") as new:
        assert len(new.graph.node) == nodes
        for name, value in twice.items():
            np.testing.assert_array_equal(new.read(name), value)


def test_folders_files_of_a_checkpoint_and_saved_models(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    write(folder / "model.ckpt-3", {"w": np.ones(2, "f")})
    (folder / "checkpoint").write_text('model_checkpoint_path: "model.ckpt-3"\n')
    for given in (folder, folder / "model.ckpt-3.index", folder / "model.ckpt-3.data-00000-of-00001"):
        assert set(read(given)) == {"w"}
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "variables").mkdir()
    write(tmp_path / "saved" / "variables" / "variables", {"v": np.ones(2, "f")})
    assert set(read(tmp_path / "saved")) == {"v"}
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConversionError, match="without a checkpoint"):
        open_source(tmp_path / "empty")


def test_the_graph_beside_a_checkpoint_says_order_and_forget_bias(tmp_path):
    import onevar.v1 as tf

    with tf.Graph().as_default(), tf.Session() as session:
        cell = tf.nn.rnn_cell.BasicLSTMCell(4, forget_bias=0.25)
        tf.nn.dynamic_rnn(cell, tf.placeholder(tf.float32, [1, 2, 3]), dtype=tf.float32)
        tf.get_variable("z", [2])
        tf.get_variable("a", [2])
        session.run(tf.global_variables_initializer())
        tf.train.Saver().save(session, str(tmp_path / "m"))
    with open_source(tmp_path / "m") as source:
        assert source.forget_biases == {0.25}
        assert [name.rsplit("/", 1)[-1] for name in source.specs] == ["kernel", "bias", "z", "a"]
    report = convert(tmp_path / "m", tmp_path / "m.safetensors")
    assert report.name_map.rows[0].options == {"forget_bias": 0.25}


# Faults: what was there before is as it was.

WRITERS = [name for name in NAMES if name != "pb"]


def files_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("kind", WRITERS)
def test_interrupted_conversion_leaves_the_old_file(tmp_path, tensors, kind, monkeypatch):
    path = made(tmp_path, kind, tensors)
    before = files_of(tmp_path)
    real, calls = _Made.read, []

    def failing(self, name):
        calls.append(name)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(self, name)

    monkeypatch.setattr(_Made, "read", failing)
    new = {name: value + 1 for name, value in tensors.items()}
    with pytest.raises(KeyboardInterrupt):
        convert(new, path, force=True, source_style="keras", target_style="keras")
    assert files_of(tmp_path) == before


@pytest.mark.parametrize("kind", WRITERS)
def test_full_disk_leaves_the_old_file(tmp_path, tensors, kind):
    path = made(tmp_path, kind, tensors)
    before = files_of(tmp_path)
    big = {name: np.zeros((300, 300), "f") for name in tensors}
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises((OSError, OpError), match=r"(?i)too large|could not be written"):
            convert(big, path, force=True, source_style="keras", target_style="keras")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert files_of(tmp_path) == before


def test_a_target_that_is_there_needs_force(tmp_path, tensors):
    for kind in WRITERS:
        path = made(tmp_path, kind, tensors)
        with pytest.raises(FileExistsError, match="--force"):
            convert(tensors, path, source_style="keras", target_style="keras")
    with pytest.raises(FileNotFoundError, match="no folder"):
        convert(tensors, tmp_path / "nix" / "m.npz")


def test_nothing_is_written_if_something_is_not_accounted_for(tmp_path, tensors):
    like = {**tensors, "more": np.zeros(3, "f")}
    with pytest.raises(MappingError, match="nothing was written"):
        convert(tensors, tmp_path / "m.npz", like=like)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["m.npz", "m.safetensors", "m.pt", "m.weights.h5", "m.keras", "m.pb", "m.ckpt.index"])
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no zip", b"\x80\x02}q\x00.", b"nonsense" * 100])
def test_files_of_another_kind_are_said_to_be(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises((ConversionError, OpError, OSError)) as caught:
        open_source(tmp_path / name.removesuffix(".index"))
    assert not isinstance(caught.value, FileNotFoundError)
    assert "m" in str(caught.value)


def test_damaged_checkpoint_is_an_error(tmp_path, tensors):
    path = made(tmp_path, "checkpoint", tensors)
    data = tmp_path / "m.ckpt.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:-20] + bytes(20))
    with pytest.raises(OpError, match="checksum|damaged|corrupt"):
        convert(path, tmp_path / "out.npz")
    assert not (tmp_path / "out.npz").exists()


# The command.


def onevar(*words):
    command = [sys.executable, "-W", "ignore", "-m", "onevar", "convert", *map(str, words)]
    environment = {**os.environ, "ONEVAR_BACKEND": "numpy"}
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=environment)


def test_the_command(tmp_path):
    out = tmp_path / "m.pt"
    asked = onevar(GOLDEN / "images.ckpt", out, "--map-out", tmp_path / "map.tsv")
    assert asked.returncode == 1
    assert "--flatten net/fc1/kernel=" in asked.stderr
    assert "net.conv1.weight" in (tmp_path / "map.tsv").read_text()
    assert not out.exists()
    done = onevar(GOLDEN / "images.ckpt", out, "--flatten", "net/fc1/kernel=7,7,5", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["written"]
    assert said["left_out"]["global_step"] == "step counter"
    assert any(row["options"] == {"flatten": [7, 7, 5]} for row in said["rows"])
    assert onevar(GOLDEN / "images.ckpt", out).returncode == 2
    assert onevar(tmp_path / "nix", out, "--force").returncode == 2


def test_the_command_checks_both_models(tmp_path):
    pytest.importorskip("torch")
    (tmp_path / "old.py").write_text(
        "import tensorflow as tf\n"
        "def network(x):\n"
        "    x = tf.nn.relu(tf.layers.conv2d(x, 4, 3, padding='same', name='c'))\n"
        "    return tf.layers.dense(tf.layers.flatten(x), 2, name='d')\n"
    )
    (tmp_path / "new.py").write_text(
        "import torch\n"
        "class Net(torch.nn.Module):\n"
        "    slope = 0.0\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.c, self.d = torch.nn.Conv2d(3, 4, 3, padding=1), torch.nn.Linear(100, 2)\n"
        "    def forward(self, x):\n"
        "        return self.d(torch.nn.functional.leaky_relu(self.c(x), self.slope).flatten(1))\n"
        "class Wrong(Net):\n"
        "    slope = 0.2\n"
    )
    rng = np.random.default_rng(0)
    shapes = {"c/kernel": (3, 3, 3, 4), "c/bias": (4,), "d/kernel": (100, 2), "d/bias": (2,)}
    write(tmp_path / "m.ckpt", {name: rng.normal(size=shape).astype("f") for name, shape in shapes.items()})
    words = [tmp_path / "m.ckpt", tmp_path / "m.pt", "--flatten", "d/kernel=5,5,4", "--check", "--old"]
    words += [f"{tmp_path}/old.py:network", "--input", "2,5,5,3", "--like"]
    wrong = onevar(*words, f"{tmp_path}/new.py:Wrong")
    assert wrong.returncode == 1
    assert "NOT the same" in wrong.stderr
    assert not (tmp_path / "m.pt").exists()
    right = onevar(*words, f"{tmp_path}/new.py:Net")
    assert right.returncode == 0, right.stderr
    assert "are the same" in right.stdout


def test_checkpoint_of_a_reader(tmp_path, tensors):
    path = made(tmp_path, "checkpoint", tensors)
    with Reader(path) as reader:
        assert sorted(reader.keys()) == sorted(tensors)


def test_what_a_stranger_names_for_a_checkpoint(tmp_path, tensors):
    write(tmp_path / "model.ckpt-7", tensors)
    state = tmp_path / "checkpoint"
    state.write_text('model_checkpoint_path: "model.ckpt-7"\nall_model_checkpoint_paths: "model.ckpt-7"\n')
    assert set(read(state)) == set(tensors)
    with pytest.raises(ConversionError, match=r"no .*model\.ckpt\.index\. There is model\.ckpt-7 in"):
        read(tmp_path / "model.ckpt")
    state.unlink()
    with pytest.raises(ConversionError, match=r"says which is the latest\. There is model\.ckpt-7 in"):
        read(tmp_path)
    (tmp_path / "model.ckpt-7.index").unlink()
    with pytest.raises(ConversionError, match=r"no .*model\.ckpt-7\.index"):
        read(tmp_path / "model.ckpt-7")


@pytest.mark.parametrize(
    ("target", "options", "message"),
    [
        ("m.onnx", {}, r"\.onnx is no format that is converted"),
        ("", {}, "is a folder"),
        ("m.npz", {"dtype": "float17"}, "none of floating-point numbers"),
        ("m.npz", {"dtype": "int32"}, "none of floating-point numbers"),
    ],
)
def test_targets_that_are_none(tmp_path, tensors, target, options, message):
    with pytest.raises(ConversionError, match=message):
        convert(tensors, tmp_path / target, **options)
    assert not list(tmp_path.parent.glob(f"{tmp_path.name}.*"))
    assert not list(tmp_path.iterdir())
