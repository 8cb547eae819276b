"""Record what the programs of `scope_programs` and its like see in TensorFlow: `scopes.json`.

    python tests/v1/golden/record_scopes.py

Needs TensorFlow.
"""

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow
from tensorflow.python.eager.context import eager_mode
from tensorflow.python.ops.variable_scope import EagerVariableStore

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
import eager_scope_programs  # noqa: E402
import partition_programs  # noqa: E402
import scope_programs  # noqa: E402

tf = tensorflow.compat.v1
tf.disable_v2_behavior()
tf.logging.set_verbosity(tf.logging.FATAL)


def seen(function):
    with tf.Graph().as_default():
        return json.loads(json.dumps(function(tf)))


def seen_eagerly(function):
    with tf.Graph().as_default(), eager_mode():
        return json.loads(json.dumps(function(tf, EagerVariableStore)))


def record(programs):
    return {name: seen(function) for name, function in programs.items()}


if __name__ == "__main__":
    found = {**record(scope_programs.PROGRAMS), **record(partition_programs.PROGRAMS)}
    found |= {name: seen_eagerly(program) for name, program in eager_scope_programs.PROGRAMS.items()}
    lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in found.items()]
    (HERE / "scopes.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
