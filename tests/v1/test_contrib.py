"""The rest of `tf.contrib` sees what it sees in TensorFlow 1.15; internal modules have what packages import.

Recorded in `golden/contrib.json`; `tests/v1/golden/record_contrib.py` says how to record it again.
"""

import json
from pathlib import Path

import contrib_programs
import pytest

import onevar
import onevar.v1 as tf
from onevar.conformance.v1_table import differences
from onevar.errors import Unsupported
from onevar.migrate import virtual

GOLDEN = json.loads((Path(__file__).parent / "golden" / "contrib.json").read_text())
PROGRAMS = contrib_programs.PROGRAMS

pytestmark = pytest.mark.filterwarnings("ignore:.*is deprecated and will be removed")


def check(name, backend):
    pytest.importorskip(backend)
    with onevar.use_backend(backend), tf.Graph().as_default():
        found = json.loads(json.dumps(PROGRAMS[name](tf)))
    assert not list(differences(found, GOLDEN[name]))[:3]


def test_every_program_is_recorded():
    assert PROGRAMS.keys() == GOLDEN.keys()


@pytest.mark.parametrize("name", PROGRAMS)
def test_as_in_tensorflow_1(name):
    check(name, "torch")


@pytest.mark.parametrize("name", ["crf_likelihood_of_any_length"])
def test_as_in_tensorflow_1_where_it_is_compiled(name):
    check(name, "jax")


@pytest.mark.parametrize(
    "path",
    """
    python.util.nest.flatten_up_to python.util.deprecation.deprecated python.util.tf_decorator.make_decorator
    python.framework.ops._get_graph_from_inputs python.framework.dtypes.float32_ref python.ops.gen_math_ops.mat_mul
    python.ops.metrics_impl._confusion_matrix_at_thresholds python.ops.variables.Variable python.layers.utils.smart_cond
    python.ops.rnn_cell_impl._linear python.eager.context.graph_mode contrib.slim.nets.resnet_v1.resnet_v1_50
    contrib.slim.optimize_loss contrib.slim.python.slim.nets.resnet_v2.resnet_v2_101 contrib.signal.stft
    """.split(),  # noqa: SIM905 (one line each would be a page)
)
def test_paths_that_packages_import(path):
    module, _, name = path.rpartition(".")
    assert callable(getattr(virtual.module(module), name)) or name == "float32_ref"


def test_raw_ops_are_made_of_the_registry():
    with onevar.use_backend("numpy"), tf.Graph().as_default(), tf.Session() as session:
        assert session.run(tf.raw_ops.Sum(input=[[1.0, 2.0]], axis=1)).tolist() == [3.0]
        unique = tf.raw_ops.Unique(x=[3, 3, 1])
        assert session.run(unique.y).tolist() == [3, 1]
        with pytest.raises(TypeError):
            tf.raw_ops.Sum([1.0], 0)
    with pytest.raises(AttributeError):
        tf.raw_ops.Summ  # noqa: B018 (asking is the test)


def test_nest_as_tensorflow_has_it():
    nest = tf.nest
    structure = {"b": [1, 2], "a": (3,)}
    assert nest.flatten(structure) == [3, 1, 2]
    assert nest.pack_sequence_as(structure, [1, 2, 3]) == {"b": [2, 3], "a": (1,)}
    assert tf.contrib.framework.nest.flatten_up_to([0, 0], [[1, 2], 3]) == [[1, 2], 3]
    with pytest.raises(ValueError, match="Structure had 3 atoms, but flat_sequence had 2"):
        nest.pack_sequence_as(structure, [1, 2])
    with pytest.raises(TypeError, match="must also be a sequence"):
        virtual.lookup("python.util.nest").assert_shallow_structure([1], 1)


def test_what_is_not_offered_says_what_to_do():
    with pytest.raises(Unsupported, match=r"tf\.gradients"):
        tf.GradientTape()
    with pytest.raises(AttributeError, match="Keras"):
        tf.keras.layers.CuDNNLSTM  # noqa: B018 (asking is the test)


def test_what_derives_from_a_refused_class_is_refused_when_it_is_made():
    class Exporter(tf.estimator.Exporter):
        def __init__(self, name):
            self.name = name

    with pytest.raises(Unsupported, match=r"tf\.estimator\.Exporter is not offered"):
        Exporter("latest")


def test_what_is_built_is_not_for_tpus():
    for module in ("python.tpu.tpu_function", "contrib.tpu.python.tpu.tpu_function"):
        assert virtual.lookup(module).get_tpu_context().number_of_shards is None


def test_a_metric_variable_may_change_its_shape():
    metric_variable = virtual.lookup("python.ops.metrics_impl.metric_variable")
    with tf.Graph().as_default(), tf.Session() as session:
        rows = metric_variable([0], tf.float32, False, name="rows")
        session.run(tf.variables_initializer(tf.get_collection(tf.GraphKeys.METRIC_VARIABLES)))
        assert session.run(tf.assign(rows, [1.0, 2.0], validate_shape=False)).tolist() == [1.0, 2.0]


def test_a_loop_in_a_branch_begins_with_what_is_outside():
    pytest.importorskip("torch")
    with onevar.use_backend("torch"), tf.Graph().as_default():
        x = tf.placeholder_with_default([1.0, 2.0], [None])
        w = tf.get_variable("w", initializer=[2.0, 3.0])
        loop = lambda: tf.while_loop(lambda i, a: i < 3, lambda i, a: (i + 1, a * w), [0, x])[1]  # noqa: E731
        y = tf.cond(tf.placeholder_with_default(True, []), loop, lambda: x)
        slope = tf.gradients(y, w)[0]
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            assert session.run([y, slope])[1].tolist() == [12.0, 54.0]


def test_rows_in_place_are_those_of_tensorflow():
    inplace = virtual.lookup("python.ops.inplace_ops")
    with onevar.use_backend("numpy"), tf.Graph().as_default() as graph, tf.Session() as session:
        x = tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
        assert session.run(inplace.inplace_add(x, None, x * 2.0)).tolist() == [[3, 6], [9, 12], [15, 18]]
        assert session.run(inplace.alias_inplace_update(x, 1, [7.0, 8.0])).tolist() == [[1, 2], [7, 8], [5, 6]]
        assert session.run(inplace.inplace_sub(x, [0, 2], [[1, 1], [2, 2]])).tolist() == [[0, 1], [3, 4], [3, 4]]
        control_flow = virtual.lookup("python.ops.control_flow_util")
        assert control_flow.GetContainingXLAContext(graph._get_control_flow_context()) is None


def test_optimizers_of_programs_find_the_ops_of_training():
    apply = virtual.lookup("python.training.training_ops.apply_gradient_descent")
    with onevar.use_backend("numpy"), tf.Graph().as_default(), tf.Session() as session:
        weight = tf.Variable([1.0, 2.0], use_resource=False)
        session.run(weight.initializer)
        assert session.run(apply(weight, 0.5, [2.0, 2.0])).tolist() == [0.0, 1.0]
    with pytest.raises(LookupError):
        virtual.lookup("python.training.training_ops.apply_nothing")


def test_a_test_case_may_begin_within_a_graph():
    with tf.Graph().as_default():
        case = tf.test.TestCase()
        case.setUp()
        with case.test_session():
            assert case.evaluate(tf.constant(1.0) + 2.0) == 3.0
        case.tearDown()
