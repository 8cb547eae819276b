"""`tf.contrib.layers.embed_sequence` and the like: embeddings of sequences of symbols."""

from typing import Any

from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.v1.array_ops_index import gather, gather_nd, where
from onevar.v1.array_ops_shape import concat, reshape
from onevar.v1.array_ops_shape import shape as shape_op
from onevar.v1.common import set_shape, shape_of
from onevar.v1.contrib_variables import model_variable
from onevar.v1.export import export
from onevar.v1.math_ops_elementwise import not_equal
from onevar.v1.math_ops_reduce import reduce_mean
from onevar.v1.nn_embedding import embedding_lookup, safe_embedding_lookup_sparse
from onevar.v1.sparse_types import SparseTensor
from onevar.v1.variable_scopes import variable_scope

export("contrib.layers.safe_embedding_lookup_sparse")(safe_embedding_lookup_sparse)


@export("contrib.layers.embedding_lookup_unique")
def embedding_lookup_unique(params: Any, ids: Any, partition_strategy: str = "mod", name: str | None = None) -> Any:
    """As `tf.nn.embedding_lookup`, that looks each id up once.

    Args:
        params: The embeddings.
        ids: A tensor of any rank.
        partition_strategy: As for `tf.nn.embedding_lookup`.
        name: Of the operations.
    """
    with name_scope(name, "EmbeddingLookupUnique", [params, ids]):
        ids = convert_to_tensor(ids)
        dynamic = shape_op(ids)
        unique, places = op("Unique", x=reshape(ids, [-1]))
        rows = embedding_lookup(params, unique, partition_strategy)
        flat = gather(rows, places)
        outputs = reshape(flat, concat([dynamic, shape_op(rows)[1:]], 0))
        set_shape(outputs, shape_of(ids).concatenate(shape_of(rows)[1:]))
        return outputs


@export("contrib.layers.embed_sequence")
def embed_sequence(
    ids: Any, vocab_size: int | None = None, embed_dim: int | None = None, unique: bool = False,
    initializer: Any = None, regularizer: Any = None, trainable: bool = True, scope: Any = None, reuse: Any = None,
) -> Any:  # fmt: skip
    """Return the embeddings of symbols.

    Args:
        ids: `(batch, length)` integers.
        vocab_size: How many symbols there are.
        embed_dim: How long an embedding is.
        unique: Whether each symbol is looked up once.
        initializer: Of the embeddings.
        regularizer: A function of the embeddings whose value joins the losses.
        trainable: Whether the embeddings are trained.
        scope: The variable scope.
        reuse: Whether the embeddings are found and not made.

    Raises:
        ValueError: The sizes are missing.
    """
    if not (reuse or (vocab_size and embed_dim)):
        raise ValueError(
            f"Must specify vocab size and embedding dimension when not reusing. Got vocab_size={vocab_size} and "
            f"embed_dim={embed_dim}"
        )
    with variable_scope(scope, "EmbedSequence", [ids], reuse=reuse):
        shape = None if (reuse and vocab_size is None) or embed_dim is None else [vocab_size, embed_dim]
        embeddings = model_variable(
            "embeddings", shape=shape, initializer=initializer, regularizer=regularizer, trainable=trainable
        )
        return embedding_lookup_unique(embeddings, ids) if unique else embedding_lookup(embeddings, ids)


@export("contrib.layers.bow_encoder")
def bow_encoder(
    ids: Any, vocab_size: int, embed_dim: int, sparse_lookup: bool = True, initializer: Any = None,
    regularizer: Any = None, trainable: bool = True, scope: Any = None, reuse: Any = None,
) -> Any:  # fmt: skip
    """Return the mean of the embeddings of each sequence's symbols.

    Args:
        ids: `(batch, length)` integers, a tensor or a SparseTensor.
        vocab_size: How many symbols there are.
        embed_dim: How long an embedding is.
        sparse_lookup: Whether zeros of a tensor are no symbols.
        initializer: Of the embeddings.
        regularizer: A function of the embeddings whose value joins the losses.
        trainable: Whether the embeddings are trained.
        scope: The variable scope.
        reuse: Whether the embeddings are found and not made.

    Raises:
        TypeError: A SparseTensor without `sparse_lookup`.
    """
    with variable_scope(scope, "bow_encoder", [ids], reuse=reuse):
        embeddings = model_variable(
            "embeddings", shape=[vocab_size, embed_dim], initializer=initializer, regularizer=regularizer,
            trainable=trainable,
        )  # fmt: skip
        if sparse_lookup:
            sparse = ids if isinstance(ids, SparseTensor) else _without_zeros(ids)
            return safe_embedding_lookup_sparse([embeddings], sparse, combiner="mean", default_id=0)
        if isinstance(ids, SparseTensor):
            raise TypeError(f"ids are expected to be dense Tensor, got: {ids}")
        return reduce_mean(embedding_lookup(embeddings, ids), axis=1)


def _without_zeros(ids: Any) -> SparseTensor:
    """Return a tensor as a sparse one."""
    with name_scope(None, "dense_to_sparse", [ids]):
        dense = convert_to_tensor(ids)
        indices = where(not_equal(dense, 0))
        return SparseTensor(indices, gather_nd(dense, indices), shape_op(dense, out_type="int64"))
