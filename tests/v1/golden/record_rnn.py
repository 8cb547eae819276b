"""Record the graphs that the programs of `rnn_programs` build in TensorFlow: `rnn.json`.

    python tests/v1/golden/record_rnn.py

Needs TensorFlow and tf_keras, which has version 1's cells.
"""

import json
import os
import sys
import warnings
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["TF_USE_LEGACY_KERAS"] = "1"

import tensorflow

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
import rnn_programs  # noqa: E402

tf = tensorflow.compat.v1
tf.disable_v2_behavior()
tf.logging.set_verbosity(tf.logging.FATAL)
warnings.simplefilter("ignore")


def built(function):
    with tf.Graph().as_default() as graph:
        function(tf)
        return rnn_programs.named(graph.get_operations())


if __name__ == "__main__":
    programs = {**rnn_programs.PROGRAMS, **rnn_programs.LOOPS}
    lines = [f"{json.dumps(name)}: {json.dumps(built(function))}" for name, function in programs.items()]
    (HERE / "rnn.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
