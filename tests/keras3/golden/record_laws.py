"""Records quantiles of what TensorFlow 1.15 draws for `law_cases.py`; run it with TensorFlow 1.15."""

import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
LEVELS = [0.1, *(1.3 + 2.5 * step for step in range(40)), 99.9]


def main():
    """Draw everything once, with a seed."""
    from law_cases import DRAWS, INITIALIZERS, SHAPES

    found = {}
    with tf.Session() as session:
        tf.set_random_seed(1)
        names = {"tf": tf, "ones": tf.ones([200, 300]), "keep": 0.75}
        for text in DRAWS:
            found[text] = np.percentile(session.run(eval(text, names)), LEVELS)
        for number, shape in enumerate(SHAPES):
            for text in INITIALIZERS:
                value = session.run(eval(text, names)(shape, dtype=tf.float32))
                found[f"{text}|{number}"] = np.percentile(value, LEVELS)
    np.savez_compressed(str(HERE / "laws.npz"), **found)
    print(len(found), "laws")


if __name__ == "__main__":
    main()
