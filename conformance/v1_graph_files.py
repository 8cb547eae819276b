"""Programs that write graphs and read them: GraphDefs, meta graphs, frozen graphs, SavedModels."""

import os
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from onevar.conformance.v1_table import error, program, started

X = np.linspace(-1.0, 2.0, 6, dtype=np.float32).reshape(2, 3)


def _model(tf: Any) -> Any:
    """Return the output of a small model, of both kinds of variable, with a branch and a loop."""
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    w = tf.get_variable("w", [3, 2], initializer=tf.constant_initializer(np.arange(6.0).reshape(3, 2) / 5))
    v = tf.get_variable("v", [2], use_resource=True, initializer=tf.constant_initializer([1.0, -2.0]))
    h = tf.cond(tf.reduce_sum(x) > 0.0, lambda: tf.nn.relu(tf.matmul(x, w)) * v, lambda: tf.matmul(x, w))
    h = tf.while_loop(lambda i, _: i < 3, lambda i, a: [i + 1, a * 2.0 + v], [tf.constant(0), h])[1]
    return tf.identity(h, name="out")


@program("V1-89", kinds=True)
def graph_defs(tf: Any, resource: bool) -> Any:
    """What the nodes of a GraphDef say, and of what a part of it is made."""
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    w = tf.get_variable("w", [3, 2], use_resource=resource, initializer=tf.zeros_initializer())
    with tf.control_dependencies([tf.identity(x)]), tf.device("/cpu:0"):
        y = tf.matmul(x, w, transpose_b=False, name="y")
    tf.constant([[1, 2]], name="c")
    graph_def = tf.get_default_graph().as_graph_def(add_shapes=True)
    nodes = [[n.name, n.op, list(n.input), n.device] for n in graph_def.node]
    by_name = {n.name: n for n in graph_def.node}
    tensor = tf.make_ndarray(by_name["c"].attr["value"].tensor)
    shapes = [[dim.size for dim in shape.dim] for shape in by_name["y"].attr["_output_shapes"].list.shape]
    part = tf.graph_util.extract_sub_graph(graph_def, ["w"])
    return [nodes, tensor, shapes, y.op.node_def.op, by_name["y"].attr["T"].type, [n.name for n in part.node]]


@program("V1-90")
def imported(tf: Any) -> Any:
    """A graph in another one, below a scope, with another input; and what is refused."""
    _model(tf)
    graph_def = tf.get_default_graph().as_graph_def()
    with tf.Graph().as_default() as graph:
        given = tf.constant(X * 2.0)
        out, w = tf.import_graph_def(graph_def, input_map={"x": given}, return_elements=["out:0", "w"], name="m")
        names = [out.name, w.name, w.type, graph.get_tensor_by_name("m/x:0").shape.as_list()]
        with tf.Session() as session:
            session.run(["m/w/Assign", "m/v/Assign"])
            found = [session.run(out) for _ in range(3)]
        refused = [
            error(tf.import_graph_def, graph_def, input_map={"nothing:0": given}, words="not found in graph_def"),
            error(tf.import_graph_def, graph_def, return_elements=["nothing"], words="not found in graph def"),
            error(tf.import_graph_def, "graph", words="must be a GraphDef proto"),
        ]
    return [names, found, refused]


@program("V1-91")
def meta_graphs(tf: Any) -> Any:
    """A checkpoint and its .meta file: variables, collections and values without the model's code."""
    out = _model(tf)
    tf.add_to_collection("out", out)
    tf.add_to_collection("number", 3)
    with TemporaryDirectory() as folder:
        with started(tf) as session:
            session.run(tf.assign(tf.trainable_variables()[0], np.ones([3, 2], np.float32)))
            prefix = tf.train.Saver().save(session, os.path.join(folder, "m"), global_step=7)
            first = session.run(out, {"x:0": X})
        files = sorted(name for name in os.listdir(folder))
        with tf.Graph().as_default(), tf.Session() as session:
            saver = tf.train.import_meta_graph(f"{prefix}.meta", import_scope="again")
            saver.restore(session, prefix)
            names = [v.name for v in tf.trainable_variables()]
            collected = [tf.get_collection("out")[0].name, tf.get_collection("number")]
            again = [session.run("again/out:0", {"again/x:0": X}) for _ in range(2)]
    return [files, names, collected, first, again]


@program("V1-92")
def saved_models(tf: Any) -> Any:
    """A SavedModel of one signature, loaded again, and a frozen graph."""
    out = _model(tf)
    with TemporaryDirectory() as folder:
        model = os.path.join(folder, "model")
        with started(tf) as session:
            inputs = {"x": tf.get_default_graph().get_tensor_by_name("x:0")}
            tf.saved_model.simple_save(session, model, inputs, {"y": out})
            graph_def = tf.get_default_graph().as_graph_def()
            frozen = tf.graph_util.convert_variables_to_constants(session, graph_def, ["out"])
        kinds = sorted({node.op for node in frozen.node if "Variable" in node.op or "VarHandle" in node.op})
        with tf.Graph().as_default(), tf.Session() as session:
            meta = tf.saved_model.load(session, [tf.saved_model.SERVING], model)
            signature = meta.signature_def[tf.saved_model.DEFAULT_SERVING_SIGNATURE_DEF_KEY]
            y = session.run(signature.outputs["y"].name, {signature.inputs["x"].name: X})
            valid = tf.saved_model.is_valid_signature(signature)
            refused = error(tf.saved_model.load, session, ["other"], model, words="could not be found in SavedModel")
        with tf.Graph().as_default(), tf.Session() as session:
            (again,) = tf.import_graph_def(frozen, return_elements=["out:0"], name="")
            z = session.run(again, {"x:0": X})
    return [kinds, y, valid, refused, z]
