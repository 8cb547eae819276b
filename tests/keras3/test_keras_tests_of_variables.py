"""Keras's own tests of `keras.Variable`, run on `onevar.keras.Variable`: an oracle that we did not write.

Keras ships its tests in its wheel. They are copied next to a conftest that puts our class in the place of Keras's.
"""

import os
import subprocess
import sys
from importlib import util
from pathlib import Path

import pytest

SUITES = ("variables_test.py", "stateless_scope_test.py")
CONFTEST = """
import keras, onevar.keras, pytest
from keras.src import backend
from keras.src.backend import common
from keras.src.backend.common import variables

for module in (backend, common, variables):
    module.Variable = onevar.keras.Variable


def skip_if_backend(name, reason):
    return pytest.mark.skipif(backend.backend() == name, reason=reason)
"""
# 600 pairs of dtypes a test, of operators that the class does not touch.
SLOW = "not VariableOpsDTypeTest"


def test_keras_tests_pass_on_our_variable(tmp_path, backend):
    if backend in ("jax", "tensorflow"):
        pytest.skip("minutes, most of them compilation; what differs there is in test_variable.py")
    keras_common = Path(util.find_spec("keras").origin).parent / "src/backend/common"
    for name in SUITES:
        (tmp_path / name).write_text((keras_common / name).read_text())
    (tmp_path / "conftest.py").write_text(CONFTEST)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", SLOW, "."]
    environment = {**os.environ, "JAX_ENABLE_X64": "0"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600)
    summary = done.stdout.strip().splitlines()[-1] if done.stdout.strip() else done.stderr
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert int(summary.split(" passed")[0].split()[-1]) >= 80, summary
