"""Record what `training_loop_programs` and `contrib_training_programs` see in TensorFlow 1.15: `training_loops.json`.

    python3.7 tests/v1/golden/record_training_loops.py

Needs `pip install tensorflow-cpu==1.15.0 "numpy<1.19" "protobuf<3.21"` on Python 3.7.
"""

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
import contrib_training_programs  # noqa: E402
import training_loop_programs  # noqa: E402

tf.logging.set_verbosity(tf.logging.FATAL)


def seen(function):
    with tf.Graph().as_default():
        return function(tf)


if __name__ == "__main__":
    programs = {**training_loop_programs.PROGRAMS, **contrib_training_programs.PROGRAMS}
    found = {name: seen(function) for name, function in programs.items()}
    lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in found.items()]
    (HERE / "training_loops.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
