"""Record what the programs of `contrib_programs` see in TensorFlow 1.15: `contrib.json`.

    python3.7 tests/v1/golden/record_contrib.py

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
import contrib_programs  # noqa: E402

tf.logging.set_verbosity(tf.logging.FATAL)


def seen(function):
    with tf.Graph().as_default():
        return function(tf)


if __name__ == "__main__":
    found = {name: seen(function) for name, function in contrib_programs.PROGRAMS.items()}
    lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in found.items()]
    (HERE / "contrib.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
