"""The global step: `tf.train.get_or_create_global_step` and the like."""

import logging
from contextlib import ExitStack
from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.context import executing_eagerly
from onevar.core.default_graph import control_dependencies, get_default_graph
from onevar.core.graph import Graph
from onevar.core.operation import Tensor
from onevar.v1.export import export, export_value
from onevar.v1.graph_keys import GraphKeys
from onevar.v1.init_ops import zeros_initializer
from onevar.v1.slot_creator import initialized_value
from onevar.v1.variable_enums import VariableAggregation
from onevar.v1.variable_scopes import get_variable
from onevar.v1.variables import Variable

_READ_KEY = "global_step_read_op_cache"
export_value("python.training.training_util.GLOBAL_STEP_READ_KEY", _READ_KEY)


@export("train.global_step")
def global_step(sess: Any, global_step_tensor: Any) -> int:
    """Return the value of the global step.

    Args:
        sess: The Session.
        global_step_tensor: The variable, or its name.
    """
    if executing_eagerly():
        return int(global_step_tensor.numpy())
    return int(sess.run(global_step_tensor))


@export("train.get_global_step", "contrib.framework.get_global_step")
def get_global_step(graph: Graph | None = None) -> Any:
    """Return the global step of the graph: what is in `GraphKeys.GLOBAL_STEP`, else `global_step:0`, else None.

    Args:
        graph: The graph; None is the default one.

    Raises:
        TypeError: It is no scalar integer.
    """
    graph = graph or get_default_graph()
    found = graph.get_collection(GraphKeys.GLOBAL_STEP)
    if len(found) > 1:
        logging.getLogger("onevar").error("Multiple tensors in global_step collection.")
        return None
    if found:
        step = found[0]
    else:
        try:
            step = graph.get_tensor_by_name("global_step:0")
        except KeyError:
            return None
    assert_global_step(step)
    return step


@export("train.create_global_step", "contrib.framework.create_global_step")
def create_global_step(graph: Graph | None = None) -> Any:
    """Return a new variable `global_step`.

    Args:
        graph: The graph; None is the default one.

    Raises:
        ValueError: There is a global step already.
    """
    graph = graph or get_default_graph()
    if get_global_step(graph) is not None:
        raise ValueError('"global_step" already exists.')
    with ExitStack() as stack:
        if not executing_eagerly():
            stack.enter_context(graph.as_default())
            stack.enter_context(graph.name_scope(None))
        step = get_variable(
            GraphKeys.GLOBAL_STEP,
            shape=[],
            dtype=dtypes.int64,
            initializer=zeros_initializer(),
            trainable=False,
            aggregation=VariableAggregation.ONLY_FIRST_REPLICA,
            collections=[GraphKeys.GLOBAL_VARIABLES, GraphKeys.GLOBAL_STEP],
        )
        # Variables made eagerly join no collections; the global step has to be found again all the same.
        if step not in graph.get_collection(GraphKeys.GLOBAL_STEP):
            graph.add_to_collection(GraphKeys.GLOBAL_STEP, step)
        return step


@export("train.get_or_create_global_step", "contrib.framework.get_or_create_global_step")
def get_or_create_global_step(graph: Graph | None = None) -> Any:
    """Return the global step of the graph, made now if there is none.

    Args:
        graph: The graph; None is the default one.
    """
    graph = graph or get_default_graph()
    step = get_global_step(graph)
    return create_global_step(graph) if step is None else step


@export("train.assert_global_step", "contrib.framework.assert_global_step")
def assert_global_step(global_step_tensor: Any) -> None:
    """Check that something can be a global step.

    Args:
        global_step_tensor: A Variable or tensor.

    Raises:
        TypeError: It is no scalar integer.
    """
    if not isinstance(global_step_tensor, Variable | Tensor):
        raise TypeError(f'Existing "global_step" must be a Variable or Tensor: {global_step_tensor}.')
    if not global_step_tensor.dtype.base_dtype.is_integer:
        raise TypeError(f'Existing "global_step" does not have integer type: {global_step_tensor.dtype}')
    shape = global_step_tensor.get_shape()
    if shape.ndims != 0 and shape.is_fully_defined():
        raise TypeError(f'Existing "global_step" is not scalar: {shape}')


@export("python.training.training_util._get_or_create_global_step_read")
def _get_or_create_global_step_read(graph: Graph | None = None) -> Any:
    """Return a tensor of the graph's global step that is initialized, made once; None if there is no global step.

    Args:
        graph: The graph; None is the default one.

    Raises:
        RuntimeError: There are several such tensors.
    """
    graph = graph or get_default_graph()
    found = graph.get_collection(_READ_KEY)
    if len(found) > 1:
        raise RuntimeError(f"There are multiple items in collection {_READ_KEY}. There should be only one.")
    if found:
        return found[0]
    step = get_global_step(graph)
    if step is None:
        return None
    with graph.as_default(), graph.name_scope(None), graph.name_scope(f"{step.op.name}/"):
        value = initialized_value(step) if isinstance(step, Variable) else step
        read = op("AddV2", x=value, y=0, name="add")
        graph.add_to_collection(_READ_KEY, read)
    return read


@export("python.training.training_util._increment_global_step")
def _increment_global_step(increment: int, graph: Graph | None = None) -> Any:
    """Return an operation that adds to the global step after it was read.

    Args:
        increment: What is added.
        graph: The graph; None is the default one.

    Raises:
        ValueError: There is no global step.
    """
    graph = graph or get_default_graph()
    step = get_global_step(graph)
    if step is None:
        raise ValueError(
            "Global step tensor should be created by tf.train.get_or_create_global_step before calling increment."
        )
    read = _get_or_create_global_step_read(graph)
    with (
        graph.as_default(),
        graph.name_scope(None),
        graph.name_scope(f"{step.op.name}/"),
        control_dependencies([read]),
    ):
        from onevar.v1.state_ops import assign_add

        return assign_add(step, increment)
