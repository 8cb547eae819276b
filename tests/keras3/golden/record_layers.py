"""Records what TensorFlow 1.15 gives for the layers of `layer_cases.py`; run it with TensorFlow 1.15."""

import sys
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow.contrib import slim

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))


def main():
    """Run each expression in a graph of its own, with weights that are not the initial ones."""
    from layer_cases import CASES, inputs

    found = {}
    for text in CASES:
        rng = np.random.RandomState(5)
        with tf.Graph().as_default(), tf.Session() as session:
            values = {name: tf.constant(array) for name, array in inputs().items()}
            result = eval(text, {"tf": tf, "slim": slim, **values})
            for variable in tf.global_variables():
                value = rng.randn(*variable.shape.as_list()).astype("float32")
                value = np.abs(value) + 0.5 if "variance" in variable.op.name else value
                variable.load(value, session)
                found[f"{text}|{variable.op.name.rpartition('/')[2]}"] = value
            losses = tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)
            found[f"{text}|result"] = session.run(result)
            found[f"{text}|losses"] = session.run(losses)
            session.run(tf.get_collection(tf.GraphKeys.UPDATE_OPS))
            for variable in tf.global_variables():
                if variable not in tf.trainable_variables():
                    found[f"{text}|after {variable.op.name.rpartition('/')[2]}"] = session.run(variable)
    np.savez_compressed(str(HERE / "layers.npz"), **found)
    print(len(CASES), "expressions,", len(found), "arrays")


if __name__ == "__main__":
    main()
