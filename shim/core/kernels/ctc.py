"""Connectionist temporal classification: the loss, which is differentiable, and the decoders, which are the host's.

The loss is Graves's forward recursion in the logarithmic domain, one step of a scan for each step of time. Labels may
be values that only a run knows: how long they are at most is all that has to be known before.
"""

from typing import Any

import numpy as np

from onevar.core import ctc_decoding
from onevar.core import shape_rules as rules
from onevar.core.checks import CURRENT, check
from onevar.core.kernel import kernel
from onevar.core.op_errors import FailedPreconditionError, InvalidArgumentError
from onevar.core.registry import adapter as adapter_named
from onevar.core.spec import Spec

#: The logarithm of nothing: finite, so that differences of two are no NaN.
_NOTHING = -1e30


def _loss_shapes(inputs: Spec, indices: Spec, values: Spec, lengths: Spec) -> list[Any]:
    steps, batch, classes = rules.with_rank(inputs.shape, 3)
    rows, _ = rules.with_rank(indices.shape, 2)
    rules.merge_dim(rows, rules.with_rank(values.shape, 1)[0])
    batch = rules.merge_dim(batch, rules.with_rank(lengths.shape, 1)[0])
    return [(batch,), (steps, batch, classes)]


def _error(message: str) -> Any:
    return lambda: InvalidArgumentError(None, None, message)


@kernel("CTCLoss", heavy=True, infer=_loss_shapes)
def _ctc_loss(
    k: Any,
    inputs: Any,
    indices: Any,
    values: Any,
    lengths: Any,
    *,
    preprocess_collapse_repeated: bool,
    ctc_merge_repeated: bool,
    ignore_longer_outputs_than_inputs: bool,
) -> tuple[Any, Any]:
    steps, batch, classes = k.shape(inputs)
    if not classes:
        raise InvalidArgumentError(None, None, "num_classes should be positive")
    inputs, indices, values, lengths = (_native(k, x) for x in (inputs, indices, values, lengths))
    check(k.all(k.less_equal(lengths, steps)), _error(f"sequence_length(b) <= {steps}"))
    labels, counts, given = _labels(k, indices, values, batch, steps, classes - 1)
    if preprocess_collapse_repeated:
        labels, counts = _collapsed(k, labels, counts)
    lengths = k.astype(lengths, "int64")
    check(k.all(k.greater(given, 0)), _error("Labels length is zero in a batch"))
    enough = k.less_equal(given, lengths)
    if not ignore_longer_outputs_than_inputs:
        message = "Not enough time for target transition sequence. You can turn this error into a warning by using the "
        check(k.all(enough), _error(message + "flag ignore_longer_outputs_than_inputs"))
    # Where there is not enough time the sequence counts as empty.
    lengths = k.where(enough, lengths, k.zeros_like(lengths))
    found = _Lattice(k, inputs, labels, counts, lengths, ctc_merge_repeated)
    alphas = found.forward()
    loss = found.loss()
    return loss, found.gradient(alphas)


def _adapter_of(k: Any) -> Any:
    """The adapter whose primitives these are: NumPy's, where all inputs are on the host."""
    current = CURRENT.adapter[-1]
    return current if current.name == k.name else adapter_named(k.name)


def _native(k: Any, x: Any) -> Any:
    return k.asarray(x) if isinstance(x, np.ndarray) else x


def _labels(k: Any, indices: Any, values: Any, batch: int, steps: int, blank: int) -> tuple[Any, Any, Any]:
    """Labels as a matrix, how many of each row count, and how many were given."""
    total = k.shape(values)[0]
    size = min(total, steps)
    adapter = _adapter_of(k)
    if isinstance(indices, np.ndarray) or adapter.is_concrete(indices):
        host = indices if isinstance(indices, np.ndarray) else np.asarray(adapter.to_numpy(indices))
        size = min(size, int(host[:, 1].max(initial=-1)) + 1)
    values = k.astype(values, "int64")
    rows, places = k.getitem(indices, (slice(None), 0)), k.getitem(indices, (slice(None), 1))
    null = k.greater_equal(values, blank)
    check(k.all(k.greater_equal(values, 0)), _error("All labels must be nonnegative integers"))
    ones = k.ones((total,), "int64")
    given = k.segment_sum(ones, rows, batch)
    counts = k.segment_sum(k.where(null, k.zeros_like(ones), ones), rows, batch)
    in_front = k.less(places, k.take(counts, rows, axis=0))
    check(
        k.all(k.logical_or(null, in_front)),
        _error("Saw a non-null label (index >= num_classes - 1) following a null label"),
    )
    # What there is no time for goes to one place behind the matrix.
    at = k.where(k.less(places, size), k.add(k.multiply(rows, size), places), k.full((), batch * size, "int64"))
    values = k.where(null, k.zeros_like(values), values)
    flat = k.scatter(k.zeros((batch * size + 1,), "int64"), at, values, "set")
    return k.reshape(k.getitem(flat, (slice(0, batch * size),)), (batch, size)), counts, given


def _collapsed(k: Any, labels: Any, counts: Any) -> tuple[Any, Any]:
    """Labels without those that are like the one before."""
    batch, size = k.shape(labels)
    if size < 2:
        return labels, counts
    before, after = k.getitem(labels, (slice(None), slice(0, -1))), k.getitem(labels, (slice(None), slice(1, None)))
    first = k.ones((batch, 1), "bool")
    places = k.arange(0, size, 1, "int64")
    keep = k.logical_and(
        k.concat([first, k.not_equal(before, after)], axis=1), k.less(places, k.expand_dims(counts, axis=1))
    )
    kept = k.astype(keep, "int64")
    to = k.subtract(k.cumulative_sum(kept, axis=1), 1)
    rows = k.expand_dims(k.arange(0, batch, 1, "int64"), axis=1)
    at = k.where(keep, k.add(k.multiply(rows, size), to), k.full((), batch * size, "int64"))
    empty = k.zeros((batch * size + 1,), "int64")
    flat = k.scatter(empty, k.reshape(at, (-1,)), k.reshape(labels, (-1,)), "set")
    return k.reshape(k.getitem(flat, (slice(0, batch * size),)), (batch, size)), k.sum(kept, axis=1)


class _Lattice:
    """The states that a path goes through: a blank, the first label, a blank, ... , a blank behind the last label.

    Args:
        k: The primitives.
        inputs: Logits of shape (time, batch, classes), the last class the blank.
        labels: A matrix of them.
        counts: How many labels of each row count.
        lengths: How many steps of each row.
        merge: Whether a label that is repeated, without a blank in between, is one.
    """

    def __init__(self, k: Any, inputs: Any, labels: Any, counts: Any, lengths: Any, merge: bool):
        self.k, self.inputs, self.lengths, self.merge = k, inputs, lengths, merge
        self.dtype = k.dtype(inputs)
        self.steps, self.batch, self.classes = k.shape(inputs)
        size = k.shape(labels)[1]
        self.states = states = 2 * size + 1
        self.place = k.arange(0, states, 1, "int64")
        blanks = k.full((self.batch, size, 1), self.classes - 1, "int64")
        spread = k.reshape(k.concat([blanks, k.expand_dims(labels, axis=2)], axis=2), (self.batch, 2 * size))
        self.path = k.concat([spread, k.full((self.batch, 1), self.classes - 1, "int64")], axis=1)
        self.is_label = k.equal(k.remainder(self.place, 2), 1)
        self.nothing = k.full((), _NOTHING, self.dtype)
        self.skips = self._skips()
        self.ends = k.expand_dims(k.multiply(counts, 2), axis=1)
        self.logs = k.log_softmax(inputs, axis=-1)
        near = k.greater_equal(self.place, k.subtract(self.ends, 1))
        self.final = k.logical_and(near, k.less_equal(self.place, self.ends))
        self.likelihood: Any = None

    def _skips(self) -> Any:
        """Where a label may follow the label before, without a blank."""
        k, states = self.k, self.states
        allowed = k.logical_and(self.is_label, k.greater_equal(self.place, 2))
        if not self.merge or states < 3:
            return k.broadcast_to(allowed, (self.batch, states))
        later, earlier = (k.getitem(self.path, (slice(None), part)) for part in (slice(2, None), slice(0, -2)))
        other = k.concat([k.zeros((self.batch, 2), "bool"), k.not_equal(later, earlier)], axis=1)
        return k.logical_and(other, allowed)

    def _moved(self, values: Any, by: int) -> Any:
        """The values, each some states further, and nothing where there is none."""
        k, states = self.k, self.states
        count = min(abs(by), states)
        gap = k.broadcast_to(self.nothing, (self.batch, count))
        part = slice(0, states - count) if by > 0 else slice(count, None)
        kept = k.getitem(values, (slice(None), part))
        return k.concat([gap, kept] if by > 0 else [kept, gap], axis=1)

    def _together(self, *ways: Any) -> Any:
        k = self.k
        return k.maximum(k.logsumexp(k.stack(list(ways), axis=0), axis=0), self.nothing)

    def _stay(self, values: Any) -> Any:
        return values if self.merge else self.k.where(self.is_label, self.nothing, values)

    def _at(self, time: Any, place: Any) -> Any:
        """Whether a row's time is `place`, a vector."""
        return self.k.expand_dims(self.k.equal(time, place), axis=1)

    def forward(self) -> Any:
        """Compute the likelihood; return the logarithms of the states' at each time."""
        k = self.k
        first = k.logical_and(k.less(self.place, 2), k.less_equal(self.place, self.ends))

        def step(variables: list[Any], rows: list[Any]) -> tuple[list[Any], list[Any]]:
            alpha, time = variables
            emitted = k.take_along_axis(rows[0], self.path, axis=1)
            skipped = k.where(self.skips, self._moved(alpha, 2), self.nothing)
            after = self._together(self._stay(alpha), self._moved(alpha, 1), skipped)
            new = k.where(k.equal(time, 0), k.where(first, k.zeros_like(after), self.nothing), after)
            new = k.maximum(k.add(new, emitted), self.nothing)
            new = k.where(k.expand_dims(k.less(time, self.lengths), axis=1), new, alpha)
            return [new, k.add(time, k.ones((), "int64"))], [new]

        start = [k.broadcast_to(self.nothing, (self.batch, self.states)), k.zeros((), "int64")]
        (alpha, _), kept = _adapter_of(self.k).scan(step, start, [self.logs], self.steps)
        self.likelihood = k.logsumexp(k.where(self.final, alpha, self.nothing), axis=1)
        return kept[0]

    def _possible(self) -> Any:
        return self.k.greater(self.likelihood, _NOTHING / 2)

    def _within(self) -> Any:
        times = self.k.arange(0, self.steps, 1, "int64")
        return self.k.less(self.k.expand_dims(times, axis=1), self.lengths)

    def loss(self) -> Any:
        """Return minus the logarithm of the likelihood; of no possible path infinity, with the softmax's gradient."""
        k = self.k
        zero = k.zeros((), self.dtype)
        total = k.sum(k.where(self._within(), k.logsumexp(self.inputs, axis=-1), zero), axis=0)
        infinite = k.add(k.subtract(total, k.stop_gradient(total)), k.full((), np.inf, self.dtype))
        found = k.where(self._possible(), k.negative(self.likelihood), infinite)
        return k.where(k.greater(self.lengths, 0), found, zero)

    def gradient(self, alphas: Any) -> Any:
        """Return the gradient of the loss with respect to the inputs.

        Args:
            alphas: What `forward` returned.
        """
        k = self.k
        last = k.subtract(self.lengths, 1)

        def step(variables: list[Any], rows: list[Any]) -> tuple[list[Any], list[Any]]:
            beta, time = variables
            skipped = self._moved(k.where(self.skips, beta, self.nothing), -2)
            before = self._together(self._stay(beta), self._moved(beta, -1), skipped)
            ended = k.where(self.final, k.zeros_like(before), self.nothing)
            new = k.where(self._at(time, last), ended, before)
            emitted = k.take_along_axis(rows[0], self.path, axis=1)
            return [k.maximum(k.add(new, emitted), self.nothing), k.subtract(time, k.ones((), "int64"))], [new]

        start = [k.broadcast_to(self.nothing, (self.batch, self.states)), k.asarray(np.array(self.steps - 1, np.int64))]
        _, kept = _adapter_of(self.k).scan(step, start, [k.flip(self.logs, axis=0)], self.steps)
        known = k.where(self._possible(), self.likelihood, k.zeros((), self.dtype))
        paths = k.exp(k.subtract(k.add(alphas, k.flip(kept[0], axis=0)), k.expand_dims(known, axis=1)))
        classes = k.arange(0, self.classes, 1, "int64")
        chosen = k.astype(k.equal(k.expand_dims(self.path, axis=2), classes), self.dtype)
        taken = k.permute_dims(k.matmul(k.permute_dims(paths, (1, 0, 2)), chosen), (1, 0, 2))
        taken = k.where(k.reshape(self._possible(), (-1, 1)), taken, k.zeros((), self.dtype))
        whole = k.subtract(k.exp(self.logs), taken)
        return k.where(k.expand_dims(self._within(), axis=2), whole, k.zeros((), self.dtype))


# -- decoders -----------------------------------------------------------------------------------------


def _check_decoded(inputs: np.ndarray, lengths: np.ndarray) -> None:
    if inputs.ndim != 3:
        raise InvalidArgumentError(None, None, "inputs is not a 3-Tensor")
    steps, batch, classes = inputs.shape
    if lengths.shape != (batch,):
        message = f"len(sequence_length) != batch_size. len(sequence_length): {lengths.size} batch_size: {batch}"
        raise InvalidArgumentError(None, None, message)
    if not classes:
        raise InvalidArgumentError(None, None, "num_classes should be positive")
    for row, length in enumerate(lengths.tolist()):
        if length > steps:
            raise FailedPreconditionError(None, None, f"sequence_length({row}) <= {steps}")


def _decoded_batch(inputs: Spec, lengths: Spec) -> Any:
    batch = rules.with_rank(inputs.shape, 3)[1]
    return rules.merge_dim(batch, rules.with_rank(lengths.shape, 1)[0])


def _greedy_shapes(inputs: Spec, lengths: Spec) -> list[Any]:
    return [(None, 2), (None,), (2,), (_decoded_batch(inputs, lengths), 1)]


@kernel("CTCGreedyDecoder", on_host=True, infer=_greedy_shapes)
def _greedy(
    k: Any, inputs: np.ndarray, lengths: np.ndarray, *, merge_repeated: bool, blank_index: int
) -> tuple[np.ndarray, ...]:
    _check_decoded(inputs, lengths)
    classes = inputs.shape[2]
    blank = blank_index + classes if blank_index < 0 else blank_index
    if not 0 <= blank < classes:
        message = f"blank_index expected to be between {-classes} and {classes - 1}, but was {blank_index}"
        raise InvalidArgumentError(None, None, message)
    pairs = zip(inputs.transpose(1, 0, 2), lengths.tolist(), strict=True)
    found = [ctc_decoding.best_path(rows, length, blank, merge_repeated) for rows, length in pairs]
    scores = np.array([score for _, score in found], inputs.dtype).reshape(-1, 1)
    return *ctc_decoding.sparse([labels for labels, _ in found]), scores


def _beam_shapes(inputs: Spec, lengths: Spec, *, top_paths: int) -> list[Any]:
    each: list[Any] = [[(None, 2)] * top_paths, [(None,)] * top_paths, [(2,)] * top_paths]
    return [shape for shapes in each for shape in shapes] + [(_decoded_batch(inputs, lengths), top_paths)]


@kernel("CTCBeamSearchDecoder", on_host=True, infer=_beam_shapes)
def _beam_search(
    k: Any, inputs: np.ndarray, lengths: np.ndarray, *, beam_width: int, top_paths: int, merge_repeated: bool
) -> tuple[Any, ...]:
    _check_decoded(inputs, lengths)
    if top_paths > beam_width:
        raise InvalidArgumentError(None, None, "requested more paths than the beam width.")
    sequences, scores = [], []
    for rows, length in zip(inputs.transpose(1, 0, 2), lengths.tolist(), strict=True):
        try:
            labels, found = ctc_decoding.best_sequences(rows, length, beam_width, top_paths, merge_repeated)
        except ValueError as error:
            raise InvalidArgumentError(None, None, str(error)) from error
        sequences.append(labels)
        scores.append(found)
    parts = [ctc_decoding.sparse([labels[path] for labels in sequences]) for path in range(top_paths)]
    indices, values, shapes = (list(part) for part in zip(*parts, strict=True))
    return indices, values, shapes, np.array(scores, inputs.dtype).reshape(-1, top_paths)
