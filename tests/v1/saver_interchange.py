"""Saves or restores with onevar on one framework, in a process of its own.

    python saver_interchange.py save|restore BACKEND resource|reference plain|sharded PREFIX

What is restored is written to `PREFIX.pickle`. TensorFlow as a framework needs eager execution, which the tests that
compare with its v1 API switch off.
"""

import pickle
import sys
from pathlib import Path

import saver_programs as programs

import onevar.v1 as tf


def main(act, backend, kind, layout, prefix):
    contents = programs.held(backend)
    resource = kind == "resource"
    with tf.Graph().as_default() as graph, tf.Session(graph=graph, backend=backend) as session:
        variables = programs.declare(tf, contents, resource, zero=act == "restore")
        saver = tf.train.Saver(variables, sharded=layout == "sharded")
        if act == "save":
            session.run(tf.global_variables_initializer())
            for _ in range(2):  # The second time the plan is compiled.
                saver.save(session, prefix)
            return
        for _ in range(2):
            saver.restore(session, prefix)
        Path(f"{prefix}.pickle").write_bytes(pickle.dumps(session.run(variables)))


if __name__ == "__main__":
    main(*sys.argv[1:])
