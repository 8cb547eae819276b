"""Record what the programs of the v1 table see in TensorFlow: `v1_programs.json`.

    python conformance/golden/record_v1.py [FILE]

Needs TensorFlow, which it puts into version 1's behaviour for the whole process; runs on a CPU.
"""

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import tensorflow

from onevar.conformance.v1_programs import TABLE
from onevar.conformance.v1_table import seen, variants

tf = tensorflow.compat.v1
tf.disable_v2_behavior()
tf.logging.set_verbosity(tf.logging.FATAL)
FILE = Path(__file__).with_name("v1_programs.json")


def record() -> dict:
    """Run every program."""
    return {name: seen(tf, one, arguments) for one in TABLE.values() for name, arguments in variants(one)}


if __name__ == "__main__":
    lines = [f'"tensorflow": {json.dumps(tensorflow.__version__)}']
    lines += [f"{json.dumps(name)}: {json.dumps(found)}" for name, found in record().items()]
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else FILE
    target.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
