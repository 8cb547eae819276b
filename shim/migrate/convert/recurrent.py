"""How recurrent cells lie in each style: their gates' order, joined or split kernels, one bias or two.

    style   LSTM gates        GRU gates                  kernels                   biases
    tf1     i, j(=c), f, o    r, u(=z) and a candidate   [x; h] joined, by gates   one; 1.0 is added to f when it runs
    keras   i, f, c, o        z, r, h                    kernel, recurrent_kernel  one; two rows with `reset_after`
    torch   i, f, g(=c), o    r, z, n                    weight_ih, weight_hh (T)  two, which are added

The common form is `Cell`: gates in Keras's order, kernels `(in, gates, units)`. A GRU that applies the reset gate after
the product with the state (torch, Keras's `reset_after=True`, TensorFlow's CudnnCompatibleGRUCell) is another function
than one that applies it before (TensorFlow's GRUCell): no weights make them equal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from onevar.migrate.convert.spec import ConversionError

GATES = {"lstm": 4, "gru": 3, "rnn": 1}
#: Position of each of Keras's gates among the style's own.
_ORDER = {
    ("lstm", "keras"): (0, 1, 2, 3), ("lstm", "tf1"): (0, 2, 1, 3), ("lstm", "torch"): (0, 1, 2, 3),
    ("gru", "keras"): (0, 1, 2), ("gru", "torch"): (1, 0, 2),
    ("rnn", "keras"): (0,), ("rnn", "tf1"): (0,), ("rnn", "torch"): (0,),
}  # fmt: skip
_FORGET = 1
_UNSAID = (
    "the {who}'s GRU has no bias, whose shape would say whether it is reset_after=True or False, which are different "
    "functions. Give it use_bias=True (zeros change nothing)"
)


@dataclass(slots=True)
class Cell:
    """One layer of a recurrent network, in one direction.

    Attributes:
        kind: `"lstm"`, `"gru"` or `"rnn"`.
        kernel: `(in, gates, units)`.
        recurrent: `(units, gates, units)`, or for a projected LSTM `(projected, gates, units)`.
        bias: `(gates, units)`; of the inputs if there is a second one.
        recurrent_bias: `(gates, units)`, or None if there is none apart from `bias`.
        reset_after: Of a GRU: whether the reset gate comes after the product with the state.
        projection: `(units, projected)`, or None.
    """

    kind: str
    kernel: np.ndarray
    recurrent: np.ndarray
    bias: np.ndarray | None
    recurrent_bias: np.ndarray | None = None
    reset_after: bool = False
    projection: np.ndarray | None = None

    @property
    def whole_bias(self) -> np.ndarray:
        """Both biases together; zeros if there is none."""
        out = np.zeros(self.kernel.shape[1:], self.kernel.dtype) if self.bias is None else self.bias
        return out if self.recurrent_bias is None else out + self.recurrent_bias


def _gates(array: np.ndarray, kind: str, style: str) -> np.ndarray:
    """Return the last dimension split into `(gates, units)`, in Keras's order."""
    split = array.reshape(*array.shape[:-1], GATES[kind], -1)
    return split[..., list(_ORDER[kind, style]), :]


def _joined(array: np.ndarray, kind: str, style: str) -> np.ndarray:
    order = np.argsort(_ORDER[kind, style])
    return array[..., order, :].reshape(*array.shape[:-2], -1)


def read(kind: str, style: str, arrays: Mapping[str, np.ndarray], forget_bias: float | None = None) -> Cell:
    """Return a cell from a style's tensors.

    Args:
        kind: `"lstm"`, `"gru"` or `"rnn"`.
        style: One of `STYLES`.
        arrays: By role, as `roles` lists them.
        forget_bias: What TensorFlow 1's cell adds to its forget gate when it runs.

    Raises:
        ConversionError: `forget_bias` is needed and was not said.
    """
    if style == "keras":
        return _read_keras(kind, arrays)
    if style == "torch":
        return _read_torch(kind, arrays)
    return _read_gru(arrays) if kind == "gru" else _read_tf1(kind, arrays, forget_bias)


def write(cell: Cell, style: str, roles: Sequence[str], forget_bias: float | None = None) -> dict[str, np.ndarray]:
    """Return a style's tensors of a cell, by role.

    Args:
        cell: The cell.
        style: One of `STYLES`.
        roles: Those that the target has.
        forget_bias: What TensorFlow 1's cell will add to its forget gate when it runs.

    Raises:
        ConversionError: The style has no such cell, or `forget_bias` is needed and was not said.
    """
    if style == "keras":
        return _write_keras(cell, roles)
    if style == "torch":
        return _write_torch(cell, roles)
    return _write_gru(cell, roles) if cell.kind == "gru" else _write_tf1(cell, roles, forget_bias)


def _forget_bias(value: float | None) -> float:
    if value is None:
        raise ConversionError(
            "TensorFlow 1's LSTM cells add a constant to the forget gate when they run, which no checkpoint holds. Say "
            "which: forget_bias=1.0 (--forget-bias 1.0) is the default of BasicLSTMCell, LSTMCell and LSTMBlockCell; "
            "0.0 is that of CudnnCompatibleLSTMCell; many programs pass their own"
        )
    return value


# TensorFlow 1: kernel [x; h], bias.


def _read_tf1(kind: str, arrays: Mapping[str, np.ndarray], forget_bias: float | None) -> Cell:
    peepholes = [role for role in arrays if role.startswith("w_")]
    if peepholes:
        raise ConversionError(
            f"it has peepholes ({', '.join(peepholes)}), which neither Keras's nor torch's LSTM has. Write the cell as "
            "a layer of your own, or train it anew without them"
        )
    kernel = _gates(arrays["kernel"], kind, "tf1")
    units = kernel.shape[-1]
    projection = arrays.get("projection")
    state = units if projection is None else projection.shape[1]
    bias = _gates(arrays["bias"], kind, "tf1") if "bias" in arrays else None
    if kind == "lstm":
        added = _forget_bias(forget_bias)
        bias = np.zeros(kernel.shape[1:], kernel.dtype) if bias is None else bias.copy()
        bias[_FORGET] += np.asarray(added, bias.dtype)
    return Cell(kind, kernel[:-state], kernel[-state:], bias, projection=projection)


def _write_tf1(cell: Cell, roles: Sequence[str], forget_bias: float | None) -> dict[str, np.ndarray]:
    out = {"kernel": _joined(np.concatenate([cell.kernel, cell.recurrent]), cell.kind, "tf1")}
    bias = cell.whole_bias
    if cell.kind == "lstm":
        bias = bias.copy()
        bias[_FORGET] -= np.asarray(_forget_bias(forget_bias), bias.dtype)
    out["bias"] = _joined(bias, cell.kind, "tf1")
    if cell.projection is not None:
        out["projection"] = cell.projection
    return _as_asked(out, roles, "TensorFlow 1's cell")


def _read_gru(arrays: Mapping[str, np.ndarray]) -> Cell:
    gates, gates_bias = arrays["gates_kernel"], arrays["gates_bias"]
    units = gates.shape[1] // 2
    r, z = gates[:, :units], gates[:, units:]
    r_bias, z_bias = gates_bias[:units], gates_bias[units:]
    after = "hidden_kernel" in arrays
    if after:
        inputs, hidden = arrays["input_kernel"], arrays["hidden_kernel"]
        bias = np.stack([z_bias, r_bias, arrays["input_bias"]])
        zeros = np.zeros_like(z_bias)
        second = np.stack([zeros, zeros, arrays["hidden_bias"]])
    else:
        candidate = arrays["candidate_kernel"]
        inputs, hidden = candidate[:-units], candidate[-units:]
        bias, second = np.stack([z_bias, r_bias, arrays["candidate_bias"]]), None
    kernel = np.stack([z[:-units], r[:-units], inputs], axis=1)
    recurrent = np.stack([z[-units:], r[-units:], hidden], axis=1)
    return Cell("gru", kernel, recurrent, bias, second, reset_after=after)


def _write_gru(cell: Cell, roles: Sequence[str]) -> dict[str, np.ndarray]:
    after = "hidden_kernel" in roles
    _check_reset(cell, after, "TensorFlow 1's GRUCell" if not after else "CudnnCompatibleGRUCell")
    joined = np.concatenate([cell.kernel, cell.recurrent])
    bias = np.zeros(cell.kernel.shape[1:], cell.kernel.dtype) if cell.bias is None else cell.bias
    second = np.zeros_like(bias) if cell.recurrent_bias is None else cell.recurrent_bias
    both = bias + second
    out = {
        "gates_kernel": np.concatenate([joined[:, 1], joined[:, 0]], axis=1),
        "gates_bias": np.concatenate([both[1], both[0]]),
    }
    if after:
        out |= {"input_kernel": cell.kernel[:, 2], "hidden_kernel": cell.recurrent[:, 2]}
        out |= {"input_bias": bias[2], "hidden_bias": second[2]}
    else:
        out |= {"candidate_kernel": joined[:, 2], "candidate_bias": both[2]}
    return out


def _check_reset(cell: Cell, after: bool, who: str) -> None:
    if cell.reset_after is after:
        return
    raise ConversionError(
        f"{who} applies the reset gate {'after' if after else 'before'} the product with the state, and the source's "
        "GRU does it the other way: they are different functions, which no weights make equal. TensorFlow's GRUCell is "
        "keras.layers.GRU(reset_after=False); torch's GRU, CudnnGRU and CudnnCompatibleGRUCell are reset_after=True"
    )


# Keras: kernel, recurrent_kernel, bias.


def _read_keras(kind: str, arrays: Mapping[str, np.ndarray]) -> Cell:
    kernel, recurrent = (_gates(arrays[role], kind, "keras") for role in ("kernel", "recurrent_kernel"))
    bias = arrays.get("bias2", arrays.get("bias"))
    if bias is not None and bias.ndim == 2:
        first, second = _gates(bias, kind, "keras")
        return Cell(kind, kernel, recurrent, first, second, reset_after=True)
    if bias is None and kind == "gru":
        raise ConversionError(_UNSAID.format(who="source"))
    return Cell(kind, kernel, recurrent, None if bias is None else _gates(bias, kind, "keras"))


def _write_keras(cell: Cell, roles: Sequence[str]) -> dict[str, np.ndarray]:
    if cell.projection is not None:
        raise ConversionError("it has a projection, which Keras's LSTM has not. Put a Dense behind a cell of your own")
    out = {"kernel": _joined(cell.kernel, cell.kind, "keras")}
    out["recurrent_kernel"] = _joined(cell.recurrent, cell.kind, "keras")
    if cell.kind == "gru":
        after = "bias2" in roles
        if not after and "bias" not in roles:
            raise ConversionError(_UNSAID.format(who="target"))
        _check_reset(cell, after, f"the target's GRU(reset_after={after})")
        if after:
            out["bias2"] = _two_rows(cell)
            return _as_asked(out, roles, "Keras's cell")
    out["bias"] = _joined(cell.whole_bias, cell.kind, "keras")
    return _as_asked(out, roles, "Keras's cell")


def _two_rows(cell: Cell) -> np.ndarray:
    bias = np.zeros(cell.kernel.shape[1:], cell.kernel.dtype) if cell.bias is None else cell.bias
    second = np.zeros_like(bias) if cell.recurrent_bias is None else cell.recurrent_bias
    return np.stack([_joined(bias, "gru", "keras"), _joined(second, "gru", "keras")])


# torch: weight_ih, weight_hh, bias_ih, bias_hh, weight_hr.


def _read_torch(kind: str, arrays: Mapping[str, np.ndarray]) -> Cell:
    kernel, recurrent = (_gates(arrays[role].T, kind, "torch") for role in ("weight_ih", "weight_hh"))
    biases = [_gates(arrays[role], kind, "torch") if role in arrays else None for role in ("bias_ih", "bias_hh")]
    projection = arrays.get("weight_hr")
    return Cell(
        kind, kernel, recurrent, biases[0], biases[1], kind == "gru", None if projection is None else projection.T
    )


def _write_torch(cell: Cell, roles: Sequence[str]) -> dict[str, np.ndarray]:
    if cell.kind == "gru":
        _check_reset(cell, True, "torch's GRU")
    out = {
        "weight_ih": _joined(cell.kernel, cell.kind, "torch").T,
        "weight_hh": _joined(cell.recurrent, cell.kind, "torch").T,
    }
    first = np.zeros(cell.kernel.shape[1:], cell.kernel.dtype) if cell.bias is None else cell.bias
    second = np.zeros_like(first) if cell.recurrent_bias is None else cell.recurrent_bias
    out["bias_ih"], out["bias_hh"] = _joined(first, cell.kind, "torch"), _joined(second, cell.kind, "torch")
    if cell.projection is not None:
        out["weight_hr"] = cell.projection.T
    return _as_asked(out, roles, "torch's cell")


def _as_asked(made: dict[str, np.ndarray], roles: Sequence[str], who: str) -> dict[str, np.ndarray]:
    """Return the tensors that the target has; those that it has not must be zeros, and biases at that."""
    for role in set(made) - set(roles):
        if np.any(made[role]) or not role.startswith("bias"):
            raise ConversionError(f"{who} in the target has no {role}, and the source's is not zero")
    for role in set(roles) - set(made):
        raise ConversionError(f"{who} in the target has a {role}, and the source's has none")
    return {role: made[role] for role in roles}
