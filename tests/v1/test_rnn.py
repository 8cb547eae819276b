"""Recurrent cells and networks: their graphs, their checkpoints, their signatures, and what they do eagerly.

What they compute is proven by the suite (`conformance/v1_rnn.py`, `v1_rnn_loops.py`). Graphs are recorded in
`golden/rnn.json`; `python tests/v1/golden/record_rnn.py` records them again.
"""

import inspect
import json
from pathlib import Path

import numpy as np
import pytest
import rnn_programs

import onevar
import onevar.v1 as tf
from onevar.core.context import eager_mode

GOLDEN = json.loads((Path(__file__).parent / "golden" / "rnn.json").read_text())
# A limit is no variable of the loop here: TensorFlow counts with one.
COUNTING = ("LogicalAnd", "Less", "add", "add/y")

pytestmark = pytest.mark.filterwarnings("ignore:.*is deprecated and will be removed")


def test_every_program_is_recorded():
    assert GOLDEN.keys() == {*rnn_programs.PROGRAMS, *rnn_programs.LOOPS}


@pytest.mark.parametrize("name", rnn_programs.PROGRAMS)
def test_graphs(name):
    with onevar.use_backend("numpy"), tf.Graph().as_default() as graph:
        rnn_programs.PROGRAMS[name](tf)
        assert rnn_programs.named(graph.get_operations()) == GOLDEN[name]


@pytest.mark.parametrize("name", rnn_programs.LOOPS)
def test_graphs_with_loops(name):
    with onevar.use_backend("numpy"), tf.Graph().as_default() as graph:
        rnn_programs.LOOPS[name](tf)
        for kind, wanted in GOLDEN[name]:
            part = wanted.rpartition("while/")[2]
            if "while/" in wanted and (part in COUNTING or part.startswith("Identity")):
                continue
            assert graph.get_operation_by_name(wanted).type == kind, wanted
        outside = [op for op in rnn_programs.named(graph.get_operations()) if op not in GOLDEN[name]]
        assert not outside


def network():
    x = tf.placeholder(tf.float32, [None, None, 3], name="x")
    with tf.variable_scope("net", initializer=tf.random_uniform_initializer(-0.5, 0.5, seed=1)):
        cells = [tf.nn.rnn_cell.LSTMCell(4, True), tf.nn.rnn_cell.GRUCell(3)]
        outputs, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.MultiRNNCell(cells), x, dtype=tf.float32)
    return x, outputs


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_checkpoints_both_ways(tmp_path, backend):
    real = pytest.importorskip("tensorflow")
    pytest.importorskip(backend)
    given = np.ones((2, 3, 3), np.float32)
    with onevar.use_backend(backend), tf.Graph().as_default():
        x, outputs = network()
        saver = tf.train.Saver()
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            wanted = session.run(outputs, {x: given})
            path = saver.save(session, str(tmp_path / "ours"))
            values = session.run({v.op.name: v for v in tf.global_variables()})
        reader = real.train.load_checkpoint(path)
        cell = "net/rnn/multi_rnn_cell/cell_"
        lstm = [f"{cell}0/lstm_cell/{name}" for name in ("bias", "kernel", "w_f_diag", "w_i_diag", "w_o_diag")]
        gru = [f"{cell}1/gru_cell/{part}/{name}" for part in ("candidate", "gates") for name in ("bias", "kernel")]
        assert sorted(reader.get_variable_to_shape_map()) == [*lstm, *gru]
        names = sorted(values)
        for name in names:
            np.testing.assert_array_equal(reader.get_tensor(name), values[name])
        theirs = str(tmp_path / "theirs")
        tensors = [real.constant(values[name]) for name in names]
        real.raw_ops.SaveV2(prefix=theirs, tensor_names=names, shape_and_slices=[""] * len(names), tensors=tensors)
        with tf.Session() as session:
            saver.restore(session, theirs)
            np.testing.assert_array_equal(session.run(outputs, {x: given}), wanted)


FUNCTIONS = "dynamic_rnn bidirectional_dynamic_rnn raw_rnn static_rnn static_bidirectional_rnn static_state_saving_rnn"
CLASSES = "BasicRNNCell BasicLSTMCell LSTMCell GRUCell MultiRNNCell DropoutWrapper ResidualWrapper DeviceWrapper"
SIGNATURES = {
    "rnn_cell.BasicRNNCell": "num_units activation reuse name dtype kwargs",
    "rnn_cell.BasicLSTMCell": "num_units forget_bias state_is_tuple activation reuse name dtype kwargs",
    "rnn_cell.LSTMCell": "num_units use_peepholes cell_clip initializer num_proj proj_clip num_unit_shards "
    "num_proj_shards forget_bias state_is_tuple activation reuse name dtype kwargs",
    "rnn_cell.GRUCell": "num_units activation reuse kernel_initializer bias_initializer name dtype kwargs",
    "rnn_cell.MultiRNNCell": "cells state_is_tuple",
    "rnn_cell.DropoutWrapper": "cell input_keep_prob output_keep_prob state_keep_prob variational_recurrent input_size "
    "dtype seed dropout_state_filter_visitor kwargs",
    "rnn_cell.ResidualWrapper": "cell residual_fn kwargs",
    "rnn_cell.DeviceWrapper": "cell device kwargs",
}


@pytest.mark.parametrize("name", FUNCTIONS.split())
def test_signatures_of_functions(name):
    real = getattr(pytest.importorskip("tensorflow").compat.v1.nn, name)
    wanted = [(p.name, p.default) for p in inspect.signature(real).parameters.values()]
    assert [(p.name, p.default) for p in inspect.signature(getattr(tf.nn, name)).parameters.values()] == wanted


@pytest.mark.parametrize("name", CLASSES.split())
def test_signatures_of_cells(name):
    # Recorded from tf_keras: whether TensorFlow has these classes depends on how it was started.
    found = inspect.signature(getattr(tf.nn.rnn_cell, name)).parameters
    assert list(found) == SIGNATURES[f"rnn_cell.{name}"].split()


@pytest.mark.parametrize("backend", ["numpy", "torch", "jax", "tensorflow"])
def test_eagerly(backend):
    if backend != "numpy":
        pytest.importorskip(backend)
    given = np.linspace(-1, 1, 30, dtype=np.float32).reshape(2, 5, 3)

    def outputs():
        scope = tf.variable_scope("net", initializer=tf.random_uniform_initializer(-0.5, 0.5, seed=1))
        with scope:
            x = tf.convert_to_tensor(given)
            return tf.nn.dynamic_rnn(tf.nn.rnn_cell.LSTMCell(4), x, tf.constant([2, 5]), dtype=tf.float32)

    with onevar.use_backend(backend):
        with tf.Graph().as_default():
            found = outputs()
            with tf.Session() as session:
                session.run(tf.global_variables_initializer())
                wanted, state = session.run(found)
        with tf.Graph().as_default(), eager_mode():
            eagerly, last = outputs()
            for mine, real in ((eagerly, wanted), (last.c, state.c)):
                mine = mine.detach() if backend == "torch" else mine
                np.testing.assert_allclose(np.asarray(mine), real, 1e-5, 1e-6)
