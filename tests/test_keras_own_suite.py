"""Keras's own tests of `keras.Variable`, run on onevar's: an oracle that we did not write.

Keras ships its tests in its wheel. They are copied next to a conftest that puts onevar's names in
the place of Keras's, and run once for each backend that both have here.
"""

import os
import subprocess
import sys
from importlib import util
from pathlib import Path

import pytest

BACKENDS = ("numpy", "torch", "jax", "tensorflow")
SUITES = ("variables_test.py", "stateless_scope_test.py")

CONFTEST = """
import keras, onevar, pytest
from keras.src import backend
from keras.src.backend import common
from keras.src.backend.common import stateless_scope, variables


def skip_if_backend(name, reason):
    return pytest.mark.skipif(backend.backend() == name, reason=reason)


NAMES = (
    "Variable", "StatelessScope", "AutocastScope", "name_scope", "standardize_shape", "shape_equal",
    "get_stateless_scope", "in_stateless_scope", "initialize_all_variables",
)
for module in (backend, common, variables, stateless_scope):
    for name in NAMES:
        if hasattr(module, name):
            setattr(module, name, getattr(onevar, name))

"""

# What Keras tests there belongs to Keras: its serialization of layers, TensorFlow's distribution.
NOT_OURS = "not serialization and not numpy_scalar"
# 600 pairs of dtypes a test; the conformance suite has them all, from values that Keras gave.
SLOW = "not VariableOpsDTypeTest"


@pytest.mark.skipif(util.find_spec("keras") is None, reason="keras is not installed here; tox -e mixed-cpu has it")
@pytest.mark.parametrize("backend", BACKENDS)
def test_keras_tests_pass_on_our_variable(backend, tmp_path):
    if util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed here")
    keras_common = Path(util.find_spec("keras").origin).parent / "src/backend/common"
    for name in SUITES:
        (tmp_path / name).write_text((keras_common / name).read_text())
    (tmp_path / "conftest.py").write_text(CONFTEST)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", f"({NOT_OURS}) and ({SLOW})", "."]
    environment = {**os.environ, "KERAS_BACKEND": backend, "ONEVAR_BACKEND": backend, "JAX_ENABLE_X64": "0"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600)
    summary = done.stdout.strip().splitlines()[-1] if done.stdout.strip() else done.stderr
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert int(summary.split(" passed")[0].split()[-1]) >= 90, summary
