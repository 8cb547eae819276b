"""Record what TensorFlow's training ops make of variables: `python tests/v1/golden/record_training.py`."""

import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))


def main() -> None:
    import tensorflow as tf
    from training_cases import cases

    out = {}
    for name, op_type, variables, arguments in cases():
        held = {key: tf.Variable(value) for key, value in variables.items()}
        call = getattr(tf.raw_ops, op_type)
        call(**{key: v.handle for key, v in held.items()}, **arguments)
        for key, v in held.items():
            out[f"{name}/{key}"] = v.numpy()
    np.savez_compressed(HERE / "training.npz", **out)


if __name__ == "__main__":
    main()
