"""Candidate samplers. They run on the host: what they draw depends on how often they had to draw."""

from collections.abc import Callable
from typing import Any

import numpy as np

from onevar.core import candidates
from onevar.core import shape_rules as rules
from onevar.core.checks import check
from onevar.core.kernel import kernel
from onevar.core.op_errors import InvalidArgumentError
from onevar.core.spec import Spec


def _shapes(true_classes: Spec, *, num_true: int, num_sampled: int) -> list[Any]:
    rows = rules.with_rank(true_classes.shape, 2)[0]
    return [(num_sampled,), (rows, num_true), (num_sampled,)]


def _check(true_classes: np.ndarray, num_true: int) -> None:
    if true_classes.ndim != 2:
        raise InvalidArgumentError(None, None, "true_classes must be a matrix")
    columns = true_classes.shape[1]
    if columns != num_true:
        message = f"true_classes must have num_true columns, expected: {columns} was: {num_true}"
        raise InvalidArgumentError(None, None, message)


def _sampled(
    stream: Any, make: Callable[[], candidates.Sampler], true_classes: np.ndarray, num_true: int, count: int,
    unique: bool,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    if stream.kept is None:
        stream.kept = make()
    sampler = stream.kept
    _check(true_classes, num_true)
    if unique and count > sampler.range:
        raise InvalidArgumentError(None, None, "Sampler's range is too small.")
    wrong = true_classes[(true_classes < 0) | (true_classes >= sampler.range)]
    if wrong.size:
        raise InvalidArgumentError(None, None, _outside(sampler.range) + f", received {wrong[0]}")
    words = candidates.Words(stream.key, stream.high, stream.counter)
    sampled, tries = sampler.batch(words, count, unique)
    stream.advance(count * candidates.RESERVED)
    counts = [sampler.expected(classes, count, tries) for classes in (true_classes, sampled)]
    sampler.update(true_classes.reshape(-1))
    return sampled.astype(np.int64), counts[0], counts[1]


def _outside(limit: int) -> str:
    return f"`true_candidate` out of range [0, {limit})"


def _define(op_type: str, make: Callable[[int], candidates.Sampler]) -> None:
    def sample(
        k: Any, stream: Any, true_classes: np.ndarray, *, num_true: int, num_sampled: int, unique: bool, range_max: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return _sampled(stream, lambda: make(range_max), true_classes, num_true, num_sampled, unique)

    kernel(op_type, on_host=True, random=True, infer=_shapes)(sample)


_define("UniformCandidateSampler", candidates.Uniform)
_define("LogUniformCandidateSampler", candidates.LogUniform)
_define("LearnedUnigramCandidateSampler", candidates.LearnedUnigram)
_define("ThreadUnsafeUnigramCandidateSampler", candidates.LearnedUnigram)


@kernel("FixedUnigramCandidateSampler", on_host=True, random=True, infer=_shapes)
def _fixed_unigram(
    k: Any,
    stream: Any,
    true_classes: np.ndarray,
    *,
    num_true: int,
    num_sampled: int,
    unique: bool,
    range_max: int,
    vocab_file: str,
    distortion: float,
    num_reserved_ids: int,
    num_shards: int,
    shard: int,
    unigrams: list[float],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    def make() -> candidates.Sampler:
        if not vocab_file and not unigrams:
            raise InvalidArgumentError(None, None, "Must provide either vocab_file or unigrams.")
        if vocab_file and unigrams:
            raise InvalidArgumentError(None, None, "Must only provide one of vocab_file and unigrams.")
        known = _counts(vocab_file) if vocab_file else unigrams
        weights = candidates.weights_of(known, distortion, num_reserved_ids, num_shards, shard)
        if weights.size != range_max:
            message = f"Range provided by the sampler does not match that of the vocabulary: {range_max}"
            raise InvalidArgumentError(None, None, message)
        return candidates.FixedUnigram(range_max, weights)

    return _sampled(stream, make, true_classes, num_true, num_sampled, unique)


def _counts(path: str) -> list[float]:
    """The last field of each line of a file."""
    found = []
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            line = line.rstrip("\n")
            try:
                found.append(float(line.rpartition(",")[2]))
            except ValueError:
                message = f"Wrong vocabulary format at line: {line}"
                raise InvalidArgumentError(None, None, message) from None
    return found


@kernel("AllCandidateSampler", infer=_shapes)
def _all(k: Any, true_classes: Any, *, num_true: int, num_sampled: int) -> tuple[Any, Any, Any]:
    shape = k.shape(true_classes)
    if len(shape) != 2 or shape[1] != num_true:
        message = "true_classes must be a matrix" if len(shape) != 2 else f"true_classes must have {num_true} columns"
        raise InvalidArgumentError(None, None, message)
    inside = k.logical_and(k.greater_equal(true_classes, 0), k.less(true_classes, num_sampled))
    check(k.all(inside), lambda: InvalidArgumentError(None, None, _outside(num_sampled)))
    return k.arange(0, num_sampled, 1, "int64"), k.ones(shape, "float32"), k.ones((num_sampled,), "float32")


def _hits(true_classes: Spec, sampled: Spec, *, num_true: int) -> list[Any]:
    columns = rules.with_rank(true_classes.shape, 2)[1]
    rules.with_value(columns, num_true)
    rules.with_rank(sampled.shape, 1)
    return [(None,), (None,), (None,)]


@kernel("ComputeAccidentalHits", on_host=True, infer=_hits)
def _accidental_hits(
    k: Any, true_classes: np.ndarray, sampled: np.ndarray, *, num_true: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if true_classes.ndim != 2 or true_classes.shape[1] != num_true:
        message = "true_candidates must be a batch_size * num_true matrix"
        raise InvalidArgumentError(None, None, message)
    if sampled.ndim != 1:
        raise InvalidArgumentError(
            None, None, "sampled_candidates must be a vector, which is typically an output from CandidateSampler"
        )
    return candidates.accidental_hits(true_classes, sampled)
