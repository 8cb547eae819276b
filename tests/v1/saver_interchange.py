"""Saves and restores with onevar on one framework, in a process of its own.

    python saver_interchange.py BACKEND FOLDER

For each of `CASES`, `FOLDER/ours-CASE` is saved, and `FOLDER/theirs-CASE` restored; what it held is pickled beside it.
TensorFlow as a framework needs eager execution, which the tests that compare with its v1 API switch off.
"""

import pickle
import sys
from pathlib import Path

import saver_programs as programs

import onevar.v1 as tf

#: Whether variables are resources, whether the save is sharded.
CASES = {"reference": (False, False), "resource": (True, False), "sharded": (True, True)}


def main(backend, folder):
    contents = programs.values()
    for case, (resource, sharded) in CASES.items():
        for act in (save, restore):
            with tf.Graph().as_default() as graph, tf.Session(graph=graph, backend=backend) as session:
                act(session, contents, Path(folder), case, resource, sharded)


def save(session, contents, folder, case, resource, sharded):
    saver = tf.train.Saver(programs.declare(tf, contents, resource), sharded=sharded)
    session.run(tf.global_variables_initializer())
    for _ in range(2):  # The second time the plan is compiled.
        saver.save(session, str(folder / f"ours-{case}"))


def restore(session, contents, folder, case, resource, sharded):
    path = str(folder / f"theirs-{case}")
    variables = programs.declare(tf, contents, resource, zero=True)
    saver = tf.train.Saver(variables)
    for _ in range(2):
        saver.restore(session, path)
    Path(f"{path}.pickle").write_bytes(pickle.dumps(session.run(variables)))


if __name__ == "__main__":
    main(*sys.argv[1:])
