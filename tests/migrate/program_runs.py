"""Runs programs of one folder in one process, each from given weights, and prints what each printed, as JSON.

    program_runs.py old|new FOLDER WEIGHTS

`old` runs them on onevar.v1 and keeps the weights that they begin with; `new` runs what became of them on Keras.
"""

import contextlib
import io
import json
import os
import runpy
import sys
from pathlib import Path

import numpy as np

how, folder, weights = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])


def keep(tf, file):
    """Have sessions write the weights to a file before anything is fed."""
    plain = tf.Session.run
    done = []

    def run(self, fetches, feed_dict=None, **more):
        if feed_dict and not done:
            done.append(True)
            found = plain(self, self.graph.get_collection("trainable_variables"))
            np.savez(file, *found)
        return plain(self, fetches, feed_dict, **more)

    tf.Session.run = run
    return lambda: setattr(tf.Session, "run", plain)


def fill(keras, file):
    """Have models begin with the weights of a file."""
    plain = keras.Model.train_on_batch

    def train_on_batch(self, x, *rest, **more):
        if not getattr(self, "filled", False):
            self(x)
            self.filled = True
            with np.load(file) as found:
                given = [found[name] for name in found.files]
            free = list(self.trainable_weights)
            for value in given:
                place = next(at for at, one in enumerate(free) if tuple(one.shape) == value.shape)
                free.pop(place).assign(value)
            assert not free, free
        return plain(self, x, *rest, **more)

    keras.Model.train_on_batch = train_on_batch
    return lambda: setattr(keras.Model, "train_on_batch", plain)


def main():
    import onevar.v1 as tf

    if how == "new":
        import keras
    printed = {}
    for path in sorted(folder.glob("*.py")):
        file = weights / f"{path.stem}.npz"
        restore = keep(tf, file) if how == "old" else fill(keras, file)
        text = io.StringIO()
        sys.argv = [str(path)]
        with contextlib.redirect_stdout(text), contextlib.suppress(SystemExit):
            tf.reset_default_graph()
            runpy.run_path(str(path), run_name="__main__")
        restore()
        printed[path.stem] = text.getvalue()
    print(json.dumps(printed))


if __name__ == "__main__":
    os.chdir(weights)
    main()
