"""Record what the programs of `layer_programs` see in TensorFlow, signatures, and a checkpoint: `layers*`.

    python tests/v1/golden/record_layers.py                  # TensorFlow 2, with tf_keras
    python3.7 tests/v1/golden/record_layers.py contrib       # TensorFlow 1.15: those about contrib

Each run replaces its own part of `layers.json`.
"""

import inspect
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

import numpy as np
import tensorflow

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
import layer_programs  # noqa: E402


def seen(tf, programs):
    found = {}
    for program in programs:
        with tf.Graph().as_default() as graph:
            made = json.loads(json.dumps(program(tf)))
            found[program.__name__] = [made, [[op.type, op.name] for op in graph.get_operations()]]
    return found


def signatures(tf):
    found = {}
    for name in sorted(dir(tf.layers)):
        if not name.startswith("_") and name != "experimental":
            parameters = inspect.signature(getattr(tf.layers, name)).parameters.values()
            found[name] = [p.name if p.default is p.empty else [p.name, plain(p.default)] for p in parameters]
    return found


def plain(default):
    known = default is None or isinstance(default, (bool, int, float, str, tuple))
    return list(default) if isinstance(default, tuple) else default if known else type(default).__name__


def checkpoint(tf):
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [2, 5, 5, 2], name="x")
        output = layer_programs.network(tf, x)
        values = np.cos(np.arange(100, dtype=np.float32)).reshape(2, 5, 5, 2)
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            session.run(tf.get_collection("update_ops"), {x: values})
            tf.train.Saver().save(session, str(HERE / "layers"), write_meta_graph=False, write_state=False)
            return session.run(output, {x: values}).tolist()


if __name__ == "__main__":
    target = HERE / "layers.json"
    found = json.loads(target.read_text()) if target.exists() else {}
    if "contrib" in sys.argv:
        found["contrib"] = seen(tensorflow, layer_programs.CONTRIB)
    else:
        tf = tensorflow.compat.v1
        tf.disable_v2_behavior()
        tf.logging.set_verbosity(tf.logging.FATAL)
        found.update(layers=seen(tf, layer_programs.LAYERS), signatures=signatures(tf), restored=checkpoint(tf))
    target.write_text(json.dumps(found, indent=0, sort_keys=True) + "\n")
