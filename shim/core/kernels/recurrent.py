"""Whole steps of recurrent cells as one op: LSTMBlockCell, BlockLSTM, GRUBlockCell."""

from typing import Any

import numpy as np

from onevar.core import shape_rules as rules
from onevar.core.checks import CURRENT
from onevar.core.kernel import kernel
from onevar.core.spec import Spec


def _lstm_shapes(x: Spec, state: Spec, *others: Spec) -> list[Any]:
    batch = rules.with_rank(x.shape, 2)[0]
    return [(batch, rules.with_rank(state.shape, 2)[1])] * 7


def _lstm_run_shapes(length: Spec, x: Spec, state: Spec, *others: Spec) -> list[Any]:
    steps, batch, _ = rules.with_rank(x.shape, 3)
    # TensorFlow takes the number of units from the biases.
    size = rules.with_rank(others[-1].shape, 1)[0]
    return [(steps, batch, None if size is None else size // 4)] * 7


class _LSTM:
    """The step that both ops take: TensorFlow's order of the gates is input, new, forget, output."""

    def __init__(self, k: Any, w: Any, peepholes: Any, b: Any, forget_bias: float, cell_clip: float, depth: int):
        self.k, self.b, self.peepholes = k, b, peepholes
        self.forget_bias, self.cell_clip = forget_bias, cell_clip
        self.inputs, self.states = k.getitem(w, (slice(None, depth),)), k.getitem(w, (slice(depth, None),))

    def given(self, x: Any) -> Any:
        """Return what the inputs contribute to the gates."""
        return self.k.add(self.k.matmul(x, self.inputs), self.b)

    def step(self, given: Any, cs: Any, h: Any) -> list[Any]:
        """Return input gate, memory, forget gate, output gate, new input, squashed memory, output."""
        k = self.k
        size = k.shape(cs)[1]
        gates = k.add(given, k.matmul(h, self.states))
        i, ci, f, o = (k.getitem(gates, (slice(None), slice(n * size, (n + 1) * size))) for n in range(4))
        if self.forget_bias:
            f = k.add(f, self.forget_bias)
        if self.peepholes is not None:
            i = k.add(i, k.multiply(cs, self.peepholes[0]))
            f = k.add(f, k.multiply(cs, self.peepholes[1]))
        i, f, ci = k.sigmoid(i), k.sigmoid(f), k.tanh(ci)
        new = k.add(k.multiply(ci, i), k.multiply(cs, f))
        if self.cell_clip > 0:
            # TensorFlow's gradient of these ops knows nothing of the limits.
            new = k.add(new, k.stop_gradient(k.subtract(k.clip(new, -self.cell_clip, self.cell_clip), new)))
        if self.peepholes is not None:
            o = k.add(o, k.multiply(new, self.peepholes[2]))
        o, co = k.sigmoid(o), k.tanh(new)
        return [i, new, f, o, ci, co, k.multiply(co, o)]


@kernel("LSTMBlockCell", heavy=True, infer=_lstm_shapes)
def _lstm_block_cell(
    k: Any, x: Any, cs_prev: Any, h_prev: Any, w: Any, wci: Any, wcf: Any, wco: Any, b: Any, *, forget_bias: float,
    cell_clip: float, use_peephole: bool,
) -> tuple[Any, ...]:  # fmt: skip
    peepholes = (wci, wcf, wco) if use_peephole else None
    cell = _LSTM(k, w, peepholes, b, forget_bias, cell_clip, k.shape(x)[1])
    return tuple(cell.step(cell.given(x), cs_prev, h_prev))


@kernel("BlockLSTM", heavy=True, infer=_lstm_run_shapes)
def _block_lstm(
    k: Any, seq_len_max: Any, x: Any, cs_prev: Any, h_prev: Any, w: Any, wci: Any, wcf: Any, wco: Any, b: Any, *,
    forget_bias: float, cell_clip: float, use_peephole: bool,
) -> tuple[Any, ...]:  # fmt: skip
    peepholes = (wci, wcf, wco) if use_peephole else None
    steps, batch, depth = k.shape(x)
    cell = _LSTM(k, w, peepholes, b, forget_bias, cell_clip, depth)
    # All inputs at once: the loop is left with what depends on the state.
    given = k.reshape(cell.given(k.reshape(x, (-1, depth))), (steps, batch, -1))

    def step(state: list[Any], rows: list[Any]) -> tuple[list[Any], list[Any]]:
        found = cell.step(rows[0], *state)
        return [found[1], found[6]], found

    _, outputs = CURRENT.adapter[-1].scan(step, [cs_prev, h_prev], [given], steps)
    if isinstance(seq_len_max, np.ndarray) and int(seq_len_max) >= steps:
        return tuple(outputs)
    runs = k.reshape(k.less(k.arange(0, steps, 1, "int64"), seq_len_max), (-1, 1, 1))
    return tuple([k.where(runs, out, k.zeros((), k.dtype(x))) for out in outputs])


def _gru_shapes(x: Spec, h: Spec, *others: Spec) -> list[Any]:
    batch = rules.with_rank(x.shape, 2)[0]
    return [(batch, rules.with_rank(h.shape, 2)[1])] * 4


@kernel("GRUBlockCell", heavy=True, infer=_gru_shapes)
def _gru_block_cell(k: Any, x: Any, h_prev: Any, w_ru: Any, w_c: Any, b_ru: Any, b_c: Any) -> tuple[Any, Any, Any, Any]:
    size = k.shape(h_prev)[1]
    gates = k.sigmoid(k.add(k.matmul(k.concat([x, h_prev], axis=1), w_ru), b_ru))
    r, u = k.getitem(gates, (slice(None), slice(None, size))), k.getitem(gates, (slice(None), slice(size, None)))
    c = k.tanh(k.add(k.matmul(k.concat([x, k.multiply(h_prev, r)], axis=1), w_c), b_c))
    return r, u, c, k.add(c, k.multiply(u, k.subtract(h_prev, c)))
