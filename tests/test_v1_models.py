"""The models of `examples/v1` compute on every framework what they compute in TensorFlow, from one checkpoint."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples" / "v1"
CHECK = EXAMPLES / "check.py"
MODELS = sorted(path.stem for path in EXAMPLES.glob("*.py") if "def model(" in path.read_text(encoding="utf-8"))


def run(*arguments, **environment):
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "JAX_PLATFORMS": "cpu", **environment}
    return subprocess.run(
        [sys.executable, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=1200,
        env={**os.environ, **quiet},
    )  # fmt: skip


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """What TensorFlow, with tf_keras for `tf.layers`, computes; a checkpoint of each model with it."""
    if not all(map(find_spec, ("tensorflow", "tf_keras"))):
        pytest.skip("TensorFlow and tf_keras are the oracle")
    folder = tmp_path_factory.mktemp("recorded")
    done = run(CHECK, "--record", folder, TF_USE_LEGACY_KERAS="1")
    assert done.returncode == 0, done.stderr
    assert {path.stem for path in folder.glob("*.npz")} == set(MODELS)
    return folder


@pytest.mark.parametrize("backend", ["torch", "jax", "tensorflow"])
def test_models_compute_what_tensorflow_computes(recorded, backend):
    pytest.importorskip(backend)
    done = run("-m", "onevar", "run", "--backend", backend, CHECK, "--against", recorded)
    lines = {line.split()[0]: line for line in done.stdout.splitlines() if line}
    assert done.returncode == 0 and "WRONG" not in done.stdout, done.stdout + done.stderr
    assert set(MODELS) <= lines.keys()


def test_a_difference_is_seen(recorded, tmp_path):
    import numpy as np

    for path in recorded.glob("vae*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    values = dict(np.load(recorded / "vae.npz"))
    values["gradients/0"] = values["gradients/0"] + 1e-3
    np.savez(tmp_path / "vae.npz", **values)
    backend = next(name for name in ("torch", "jax", "tensorflow") if find_spec(name))
    done = run("-m", "onevar", "run", "--backend", backend, CHECK, "--against", tmp_path, "vae")
    assert done.returncode == 1 and "WRONG: gradients" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("name", MODELS)
def test_models_know_nothing_of_onevar(name):
    code = (EXAMPLES / f"{name}.py").read_text(encoding="utf-8")
    imports = [line for line in code.splitlines() if line.startswith(("import ", "from "))]
    assert "import tensorflow.compat.v1 as tf" in imports
    assert not any("onevar" in line for line in imports)
    assert 60 <= len(code.splitlines()) <= 200
