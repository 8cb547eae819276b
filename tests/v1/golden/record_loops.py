"""Record what the programs of `loop_programs` and `array_loop_programs` give in TensorFlow: `loops.json`.

    python tests/v1/golden/record_loops.py

Needs TensorFlow.
"""

import json
import os
import sys
import warnings
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow
from tensorflow.python.eager.context import eager_mode

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
import loop_results  # noqa: E402

tf = tensorflow.compat.v1
tf.disable_v2_behavior()
tf.logging.set_verbosity(tf.logging.FATAL)
warnings.simplefilter("ignore")


def seen_eagerly(program):
    with tf.Graph().as_default(), eager_mode():
        return loop_results.eagerly(tf, program, lambda v: v.numpy() if hasattr(v, "numpy") else v)


if __name__ == "__main__":
    found = {f"graph: {name}": loop_results.in_a_graph(tf, program) for name, program in loop_results.GRAPHS.items()}
    found |= {f"eager: {name}": seen_eagerly(program) for name, program in loop_results.EAGERLY.items()}
    lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in found.items()]
    (HERE / "loops.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
