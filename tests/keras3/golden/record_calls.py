"""Records what TensorFlow 1.15 gives for the expressions of `call_cases.py`; run it with TensorFlow 1.15."""

import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))


def flat(value):
    """Return the arrays in a value, in order."""
    if isinstance(value, (list, tuple)):
        return [array for item in value for array in flat(item)]
    return [np.asarray(value)]


def main():
    """Run all expressions in one Session."""
    from call_cases import CASES, inputs

    values = {name: tf.constant(array) for name, array in inputs().items()}
    found, skipped = {}, []
    with tf.Session() as session:
        for text in CASES:
            try:
                result = session.run(eval(text, {"tf": tf, **values}))
            except Exception as error:  # noqa: BLE001 - what fails is said, and has no golden
                skipped.append(f"{text}: {str(error).splitlines()[0][:100]}")
                continue
            for part, array in enumerate(flat(result)):
                found[f"{text}|{part}"] = array
    np.savez_compressed(str(HERE / "calls.npz"), **found)
    print(len(CASES), "expressions;", len(skipped), "fail:", *skipped, sep="\n  ")


if __name__ == "__main__":
    main()
