"""The same program in TensorFlow and in onevar: the graphs that it builds, and what a Session makes of them."""

from contextlib import contextmanager

import numpy as np
import pytest

import onevar


class Both:
    """Runs `program(tf)` with both and compares.

    A program returns tensors (nested lists, tuples and None are fine) and may return `(tensors, feeds)` where the
    feeds are a dictionary from placeholders' names to arrays.
    """

    def __init__(self):
        self.theirs = pytest.importorskip("tensorflow").compat.v1
        import onevar.v1 as ours

        self.ours = ours

    @contextmanager
    def in_use(self):
        """TensorFlow behaves as version 1 for the time being, and onevar computes with NumPy.

        `disable_v2_behavior` cannot be taken back: it would change TensorFlow for all tests that come later.
        """
        tf = self.theirs
        tf.disable_v2_tensorshape()
        tf.disable_control_flow_v2()
        tf.disable_resource_variables()
        try:
            with onevar.use_backend("numpy"):
                yield
        finally:
            tf.enable_v2_tensorshape()
            tf.enable_control_flow_v2()
            tf.enable_resource_variables()

    def graphs(self, program):
        """Return (operations, outputs) of each, described plainly."""
        return self._describe(self.ours, program), self._describe(self.theirs, program)

    def _describe(self, tf, program):
        graph = tf.Graph()
        with graph.as_default():
            outputs = list(flat(program(tf)))
        operations = [(op.type, op.name) for op in graph.get_operations()]
        return operations, [describe(t) for t in outputs]

    def values(self, program, feeds=None):
        """Return what each computes."""
        return self._run(self.ours, program, feeds), self._run(self.theirs, program, feeds)

    def _run(self, tf, program, feeds):
        graph = tf.Graph()
        with graph.as_default():
            outputs = [t for t in flat(program(tf)) if t is not None]
            with tf.Session(graph=graph) as session:
                if tf.global_variables():
                    session.run(tf.global_variables_initializer())
                here = {op.name for op in graph.get_operations()}
                named = {f"{name}:0": value for name, value in (feeds or {}).items() if name in here}
                return [np.asarray(v) for v in session.run(outputs, named)]

    def same_graph(self, program, skip=()):
        """Check that operations and static shapes are the same."""
        ours, theirs = self.graphs(program)
        keep = [entry for entry in theirs[0] if entry[0] not in skip]
        assert ours[0] == keep
        assert len(ours[1]) == len(theirs[1])
        for mine, real in zip(ours[1], theirs[1], strict=True):
            assert mine == real or at_least(mine, real)

    def same(self, program, feeds=None, graph=True, rtol=1e-5, atol=1e-6):
        """Check operations, static shapes and values."""
        if graph:
            self.same_graph(program)
        ours, theirs = self.values(program, feeds)
        assert len(ours) == len(theirs)
        for mine, real in zip(ours, theirs, strict=True):
            assert (mine.dtype, mine.shape) == (real.dtype, real.shape)
            if mine.dtype.kind in "fc" or mine.dtype.name == "bfloat16":
                wide = np.complex128 if mine.dtype.kind == "c" else np.float64
                np.testing.assert_allclose(mine.astype(wide), real.astype(wide), rtol=rtol, atol=atol)
            else:
                np.testing.assert_array_equal(mine, real)

    def same_error(self, program):
        """Check that both refuse, with the same class and words."""
        found = []
        for tf in (self.ours, self.theirs):
            with tf.Graph().as_default(), pytest.raises(Exception) as caught:
                program(tf)
            found.append(caught.value)
        names = [type(error).__name__ for error in found]
        assert names[0] == names[1], found
        return found


def flat(value):
    """Yield what is in nested lists, tuples and dictionaries."""
    if isinstance(value, list | tuple):
        for item in value:
            yield from flat(item)
    elif hasattr(value, "dense_shape"):
        yield from (value.indices, value.values, value.dense_shape)
    else:
        yield value


def at_least(mine, real):
    """Whether we know the same of a shape as TensorFlow, or more."""
    if not (isinstance(mine, tuple) and isinstance(real, tuple)) or mine[0] != real[0]:
        return False
    if real[1] is None:
        return True
    return (
        mine[1] is not None
        and len(mine[1]) == len(real[1])
        and all(b is None or a == b for a, b in zip(mine[1], real[1], strict=True))
    )


def describe(tensor):
    """Return dtype and static shape."""
    if tensor is None or not hasattr(tensor, "get_shape"):
        return None if tensor is None else type(tensor).__name__
    shape = tensor.get_shape()
    return tensor.dtype.name, None if shape.rank is None else tuple(shape.as_list())
