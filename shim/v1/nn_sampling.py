"""Candidate samplers and the losses over what they draw: `tf.nn.nce_loss`, `tf.nn.sampled_softmax_loss`."""

from collections import namedtuple
from collections.abc import Sequence
from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.v1.array_ops_create import ones, ones_like, zeros_like
from onevar.v1.array_ops_index import slice_
from onevar.v1.array_ops_shape import concat, expand_dims, reshape, stack, stop_gradient
from onevar.v1.array_ops_shape import shape as shape_op
from onevar.v1.common import dtype_of
from onevar.v1.export import export
from onevar.v1.math_ops_elementwise import cast, log, multiply
from onevar.v1.math_ops_matmul import matmul
from onevar.v1.nn_embedding import embedding_lookup, parts_of
from onevar.v1.nn_loss import sigmoid_cross_entropy_with_logits, softmax_cross_entropy_with_logits_v2
from onevar.v1.random_seed import op_seeds

_FIELDS = ["sampled_candidates", "true_expected_count", "sampled_expected_count"]
_TYPES = {
    kind: namedtuple(f"{kind}CandidateSampler", _FIELDS)  # type: ignore[misc]
    for kind in ("All", "Uniform", "LogUniform", "LearnedUnigram", "FixedUnigram")
}
AccidentalHits = namedtuple("ComputeAccidentalHits", ["indices", "ids", "weights"])  # type: ignore[name-match]


def _sampler(kind: str, true_classes: Any, seed: int | None, name: str | None, **attrs: Any) -> Any:
    seeds = op_seeds(seed)
    return _TYPES[kind](*op(f"{kind}CandidateSampler", true_classes=true_classes, name=name, **attrs, **seeds))


@export("random.uniform_candidate_sampler", "nn.uniform_candidate_sampler")
def uniform_candidate_sampler(
    true_classes: Any,
    num_true: int,
    num_sampled: int,
    unique: bool,
    range_max: int,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Draw classes that are all equally likely; see `tf.random.uniform_candidate_sampler`.

    Args:
        true_classes: The classes of each example, of int64.
        num_true: How many those are.
        num_sampled: How many to draw for the batch.
        unique: Whether no class may be drawn twice.
        range_max: How many classes there are.
        seed: The op's own seed.
        name: Of the operation.

    Returns:
        The classes drawn, and how often the true ones and these are to be expected among them.
    """
    drawn = {"num_true": num_true, "num_sampled": num_sampled, "unique": unique, "range_max": range_max}
    return _sampler("Uniform", true_classes, seed, name, **drawn)


@export("random.log_uniform_candidate_sampler", "nn.log_uniform_candidate_sampler")
def log_uniform_candidate_sampler(
    true_classes: Any,
    num_true: int,
    num_sampled: int,
    unique: bool,
    range_max: int,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Draw classes by Zipf's distribution; see `tf.random.log_uniform_candidate_sampler`.

    Args:
        true_classes: The classes of each example, of int64.
        num_true: How many those are.
        num_sampled: How many to draw for the batch.
        unique: Whether no class may be drawn twice.
        range_max: How many classes there are, the most frequent ones first.
        seed: The op's own seed.
        name: Of the operation.

    Returns:
        As `uniform_candidate_sampler`.
    """
    drawn = {"num_true": num_true, "num_sampled": num_sampled, "unique": unique, "range_max": range_max}
    return _sampler("LogUniform", true_classes, seed, name, **drawn)


@export("random.learned_unigram_candidate_sampler", "nn.learned_unigram_candidate_sampler")
def learned_unigram_candidate_sampler(
    true_classes: Any,
    num_true: int,
    num_sampled: int,
    unique: bool,
    range_max: int,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Draw classes by how often they were true so far; see `tf.random.learned_unigram_candidate_sampler`.

    Args:
        true_classes: The classes of each example, of int64.
        num_true: How many those are.
        num_sampled: How many to draw for the batch.
        unique: Whether no class may be drawn twice.
        range_max: How many classes there are.
        seed: The op's own seed.
        name: Of the operation.

    Returns:
        As `uniform_candidate_sampler`.

    Raises:
        ValueError: There are too many classes.
    """
    if range_max > dtypes.int32.max:
        raise ValueError(f"Value of range_max:{range_max} is too large to handle")
    drawn = {"num_true": num_true, "num_sampled": num_sampled, "unique": unique, "range_max": range_max}
    return _sampler("LearnedUnigram", true_classes, seed, name, **drawn)


@export("random.fixed_unigram_candidate_sampler", "nn.fixed_unigram_candidate_sampler")
def fixed_unigram_candidate_sampler(
    true_classes: Any,
    num_true: int,
    num_sampled: int,
    unique: bool,
    range_max: int,
    vocab_file: str = "",
    distortion: float = 1.0,
    num_reserved_ids: int = 0,
    num_shards: int = 1,
    shard: int = 0,
    unigrams: Sequence[float] = (),
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Draw classes by given frequencies; see `tf.random.fixed_unigram_candidate_sampler`.

    Args:
        true_classes: The classes of each example, of int64.
        num_true: How many those are.
        num_sampled: How many to draw for the batch.
        unique: Whether no class may be drawn twice.
        range_max: How many classes there are.
        vocab_file: A file with a class in each line, its frequency after the last comma.
        distortion: The power that frequencies are raised to.
        num_reserved_ids: How many classes in front of the others are never drawn.
        num_shards: How many parts the classes are dealt out to.
        shard: Which part to draw from.
        unigrams: The frequencies, if there is no file.
        seed: The op's own seed.
        name: Of the operation.

    Returns:
        As `uniform_candidate_sampler`.
    """
    drawn = {"num_true": num_true, "num_sampled": num_sampled, "unique": unique, "range_max": range_max}
    parts = {"num_reserved_ids": num_reserved_ids, "num_shards": num_shards, "shard": shard}
    counts = {"vocab_file": vocab_file, "distortion": distortion, "unigrams": list(unigrams)}
    return _sampler("FixedUnigram", true_classes, seed, name, **drawn, **parts, **counts)


@export("random.all_candidate_sampler", "nn.all_candidate_sampler")
def all_candidate_sampler(
    true_classes: Any, num_true: int, num_sampled: int, unique: bool, seed: int | None = None, name: str | None = None
) -> Any:
    """Draw every class once, to compare with; see `tf.random.all_candidate_sampler`.

    Args:
        true_classes: The classes of each example, of int64.
        num_true: How many those are.
        num_sampled: How many classes there are.
        unique: Without meaning.
        seed: The op's own seed.
        name: Of the operation.

    Returns:
        As `uniform_candidate_sampler`.
    """
    return _sampler("All", true_classes, seed, name, num_true=num_true, num_sampled=num_sampled, unique=unique)


@export("nn.compute_accidental_hits")
def compute_accidental_hits(
    true_classes: Any, sampled_candidates: Any, num_true: int, seed: int | None = None, name: str | None = None
) -> Any:
    """Return which candidates are true ones; see `tf.nn.compute_accidental_hits`.

    Args:
        true_classes: The classes of each example, of int64.
        sampled_candidates: What a sampler drew.
        num_true: How many true classes an example has.
        seed: Without meaning.
        name: Of the operation.

    Returns:
        The examples, the candidates' positions, and for each pair a very negative weight.
    """
    inputs = {"true_classes": true_classes, "sampled_candidates": sampled_candidates}
    return AccidentalHits(*op("ComputeAccidentalHits", **inputs, num_true=num_true, **op_seeds(seed), name=name))


# -- losses -----------------------------------------------------------------------------------------


@export("nn.nce_loss")
def nce_loss(
    weights: Any,
    biases: Any,
    labels: Any,
    inputs: Any,
    num_sampled: int,
    num_classes: int,
    num_true: int = 1,
    sampled_values: Any = None,
    remove_accidental_hits: bool = False,
    partition_strategy: str = "mod",
    name: str | None = "nce_loss",
) -> Any:
    """Return the noise-contrastive estimation loss of each example; see `tf.compat.v1.nn.nce_loss`.

    Args:
        weights: The embeddings of the classes, or their parts.
        biases: Those of the classes.
        labels: The true classes of each example.
        inputs: What the network says for each example.
        num_sampled: How many classes to draw for the batch.
        num_classes: How many there are.
        num_true: How many true classes an example has.
        sampled_values: What a sampler drew; None: the log-uniform one draws.
        remove_accidental_hits: Whether true classes that were drawn do not count.
        partition_strategy: How `weights` are dealt out to parts.
        name: Of the operations.
    """
    logits, labels = _sampled_logits(
        weights, biases, labels, inputs, num_sampled, num_classes, num_true, sampled_values, remove_accidental_hits,
        partition_strategy, name, None,
    )  # fmt: skip
    losses = sigmoid_cross_entropy_with_logits(labels=labels, logits=logits, name="sampled_losses")
    return _sum_rows(losses)


@export("nn.sampled_softmax_loss")
def sampled_softmax_loss(
    weights: Any,
    biases: Any,
    labels: Any,
    inputs: Any,
    num_sampled: int,
    num_classes: int,
    num_true: int = 1,
    sampled_values: Any = None,
    remove_accidental_hits: bool = True,
    partition_strategy: str = "mod",
    name: str | None = "sampled_softmax_loss",
    seed: int | None = None,
) -> Any:
    """Return the sampled softmax loss of each example; see `tf.compat.v1.nn.sampled_softmax_loss`.

    Args:
        weights: The embeddings of the classes, or their parts.
        biases: Those of the classes.
        labels: The true classes of each example.
        inputs: What the network says for each example.
        num_sampled: How many classes to draw for the batch.
        num_classes: How many there are.
        num_true: How many true classes an example has.
        sampled_values: What a sampler drew; None: the log-uniform one draws.
        remove_accidental_hits: Whether true classes that were drawn do not count.
        partition_strategy: How `weights` are dealt out to parts.
        name: Of the operations.
        seed: The sampler's own seed.
    """
    logits, labels = _sampled_logits(
        weights, biases, labels, inputs, num_sampled, num_classes, num_true, sampled_values, remove_accidental_hits,
        partition_strategy, name, seed,
    )  # fmt: skip
    labels = stop_gradient(labels, name="labels_stop_gradient")
    return softmax_cross_entropy_with_logits_v2(labels=labels, logits=logits)


def _sampled_logits(
    weights: Any, biases: Any, labels: Any, inputs: Any, num_sampled: int, num_classes: int, num_true: int,
    sampled_values: Any, remove_accidental_hits: bool, partition_strategy: str, name: str | None, seed: int | None,
) -> tuple[Any, Any]:  # fmt: skip
    parts = parts_of(weights)
    with name_scope(name, "compute_sampled_logits", [*parts, biases, inputs, labels]):
        inputs = inputs if hasattr(inputs, "dtype") else convert_to_tensor(inputs)
        labels = labels if hasattr(labels, "dtype") else convert_to_tensor(labels)
        labels = cast(labels, dtypes.int64) if dtype_of(labels) != dtypes.int64 else labels
        flat = reshape(labels, [-1])
        if sampled_values is None:
            sampled_values = log_uniform_candidate_sampler(
                labels, num_true=num_true, num_sampled=num_sampled, unique=True, range_max=num_classes, seed=seed
            )
        sampled, true_count, sampled_count = (stop_gradient(value) for value in sampled_values)
        sampled = cast(sampled, dtypes.int64)
        ids = concat([flat, sampled], 0)
        true_logits, sampled_logits = _logits(parts, biases, inputs, flat, ids, num_true, partition_strategy)
        if remove_accidental_hits:
            hits = compute_accidental_hits(labels, sampled, num_true=num_true)
            sampled_logits = sampled_logits + _forbidden(hits, labels, num_sampled, dtype_of(sampled_logits))
        true_logits = true_logits - log(true_count)
        sampled_logits = sampled_logits - log(sampled_count)
        out_logits = concat([true_logits, sampled_logits], 1)
        out_labels = concat([ones_like(true_logits) / num_true, zeros_like(sampled_logits)], 1)
        return out_logits, out_labels


def _logits(
    parts: list[Any], biases: Any, inputs: Any, flat: Any, ids: Any, num_true: int, strategy: str
) -> tuple[Any, Any]:
    """Of the true classes and of the drawn ones, each looked up once."""
    dtype = dtype_of(inputs)

    def looked_up(table: Any) -> Any:
        rows = embedding_lookup(table, ids, partition_strategy=strategy)
        return cast(rows, dtype) if dtype_of(rows) != dtype else rows

    rows = looked_up(parts)
    true_w = slice_(rows, [0, 0], stack([shape_op(flat)[0], -1]))
    sampled_w = slice_(rows, stack([shape_op(flat)[0], 0]), [-1, -1])
    sampled_logits = matmul(inputs, sampled_w, transpose_b=True)
    offsets = looked_up(biases)
    true_b = slice_(offsets, [0], shape_op(flat))
    sampled_b = slice_(offsets, shape_op(flat), [-1])
    size = shape_op(true_w)[1:2]
    by_example = concat([[-1, num_true], size], 0)
    products = multiply(expand_dims(inputs, 1), reshape(true_w, by_example))
    products = reshape(products, concat([[-1], size], 0))
    true_logits = reshape(_sum_rows(products), [-1, num_true])
    true_b = reshape(true_b, [-1, num_true])
    return true_logits + true_b, sampled_logits + sampled_b


def _forbidden(hits: Any, labels: Any, num_sampled: int, dtype: Any) -> Any:
    """Zeros, and a very negative number where a candidate is true."""
    rows, positions, weights = hits
    rows = reshape(rows, [-1, 1])
    positions = reshape(cast(positions, dtypes.int32), [-1, 1])
    indices = concat([rows, positions], 1, "sparse_indices")
    sizes = concat([shape_op(labels)[:1], expand_dims(num_sampled, 0)], 0)
    weights = cast(weights, dtype) if dtype_of(weights) != dtype else weights
    parts = {"sparse_indices": indices, "output_shape": sizes, "sparse_values": weights}
    return op("SparseToDense", **parts, default_value=0.0, validate_indices=False)


def _sum_rows(x: Any) -> Any:
    columns = shape_op(x)[1]
    return reshape(matmul(x, ones(stack([columns, 1]), dtype_of(x))), [-1])
