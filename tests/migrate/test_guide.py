"""The guide's program, step by step: each file is what the tool writes, and computes what TensorFlow's script does."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from onevar.migrate import audit
from onevar.migrate.rewrite import project
from onevar.migrate.rewrite.context import Options

GUIDE = Path(__file__).parents[2] / "examples" / "migration"
SCRIPT = GUIDE / "step0_tensorflow1.py"
STAGES = {"shim": "step1_shim.py", "eager": "step2_eager.py", "keras3": "step3_keras3.py"}
#: What TensorFlow 2.21, with tf_keras for `tf.layers`, prints: the losses of all sixty steps, and the accuracy.
RECORDED = json.loads((Path(__file__).parent / "golden" / "guide.json").read_text(encoding="utf-8"))
needs = pytest.mark.skipif(
    not all(map(find_spec, ("torch", "keras", "sklearn", "h5py"))),
    reason="the guide's programs use torch, Keras, sklearn",
)


def run(*arguments, folder, **environment):
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "torch", "ONEVAR_BACKEND": "torch", **environment}
    done = subprocess.run(
        [sys.executable, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=600,
        env={**os.environ, **quiet}, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def seen(folder):
    return json.loads((folder / "losses.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("stage", STAGES)
def test_each_step_is_what_the_tool_writes(stage):
    found = project.migrate(SCRIPT, Options(stage=stage))
    (file,) = found.changed
    assert file.after.decode() == (GUIDE / STAGES[stage]).read_text(encoding="utf-8")


def test_no_v1_is_left_after_the_fourth_step():
    for step in ("step3_keras3.py", "step4_fit.py"):
        assert audit.make(GUIDE / step).total == 0
    assert audit.make(GUIDE / "step2_eager.py").total == 36  # its import is one


@needs
def test_the_script_and_fit_give_tensorflows_losses(tmp_path):
    run("-m", "onevar", "run", "--backend", "torch", SCRIPT, "--train_dir", tmp_path, folder=tmp_path)
    np.testing.assert_allclose(seen(tmp_path)["losses"], RECORDED["losses"], atol=1e-4)
    model = f"{GUIDE / 'step4_fit.py'}:network"
    run("-m", "onevar", "convert", "initial", "initial.weights.h5", "--like", model, folder=tmp_path)
    run(GUIDE / "step4_fit.py", "--weights", "initial.weights.h5", "--train_dir", tmp_path, folder=tmp_path)
    np.testing.assert_allclose(seen(tmp_path)["losses"], RECORDED["losses"], atol=1e-4)
    assert seen(tmp_path)["accuracy"] == pytest.approx(RECORDED["accuracy"], abs=0.01)


@needs
@pytest.mark.parametrize("step", ["step2_eager.py", "step3_keras3.py"])
def test_the_keras_models_compute_what_the_script_does(step, tmp_path):
    options = ("--backend", "torch", "--steps", "20", "--json", "report.json")
    text = run("-m", "onevar", "verify", SCRIPT, GUIDE / step, *options, folder=tmp_path)
    assert "They compute the same" in text
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert report["agrees"] and report["steps"] == 20
