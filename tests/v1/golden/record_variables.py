"""Record what the programs of `variable_programs` see in TensorFlow: `variables.json`.

    python tests/v1/golden/record_variables.py

Needs TensorFlow.
"""

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
from variable_programs import GRAPHS, VALUES, seen  # noqa: E402 (after the path)

tf = tensorflow.compat.v1
tf.disable_v2_behavior()
tf.logging.set_verbosity(tf.logging.FATAL)


if __name__ == "__main__":
    found = {
        f"{name}-{'resource' if resource else 'reference'}": seen(tf, function, resource)
        for name, function in {**GRAPHS, **VALUES}.items()
        for resource in (False, True)
    }
    lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in found.items()]
    (HERE / "variables.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
