"""Initial values of a matrix from a checkpoint, by the words that its rows or columns stand for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.v1.export import exported


@dataclass
class Vocabularies:
    """How the words of the new matrix's axis relate to those of the old one's.

    Attributes:
        new_file: The file with the words that the axis stands for now, a line each.
        new_size: How many of them.
        old_file: The file with those that it stood for.
        old_size: How many of them; -1 for all.
        oov_buckets: How many places at the end stand for other words.
        axis: 0 for rows, 1 for columns.
    """

    new_file: str
    new_size: int
    old_file: str
    old_size: int = -1
    oov_buckets: int = 0
    axis: int = 0


def remapped(
    path: str, name: str, shape: Sequence[int], offset: int, total_rows: int, words: Vocabularies,
    initializer: Callable,
) -> Any:  # fmt: skip
    """Return rows of a matrix of a checkpoint with its words moved to where they are now.

    Args:
        path: The checkpoint's prefix.
        name: Of the matrix in it.
        shape: Of the result: the variable's, or of a slice of it.
        offset: The row of the whole where the result begins.
        total_rows: How many rows the whole has.
        words: The vocabularies.
        initializer: What new words get.

    Raises:
        ValueError: The shape does not fit the vocabulary.
    """
    by_row = words.axis == 0
    new_rows = words.new_size if by_row else total_rows
    row_buckets, column_buckets = (words.oov_buckets, 0) if by_row else (0, words.oov_buckets)
    columns = shape[1] if by_row else words.new_size
    if offset + shape[0] > new_rows + row_buckets:
        raise ValueError(
            f"Trying to initialize {shape[0]} additional rows after {offset} rows have already been initialized, which "
            f"would exceed expected total row count of new_row_vocab_size ({new_rows}) + num_row_oov_buckets "
            f"({row_buckets}) = {new_rows + row_buckets}."
        )
    if shape[1] != columns + column_buckets:
        raise ValueError(
            f"Unexpected number of columns: {shape[1]}, which is not new_col_vocab_size ({columns}) + "
            f"num_col_oov_buckets ({column_buckets})."
        )
    oov_rows = min(shape[0], max(0, offset + shape[0] - new_rows))
    rows = shape[0] - oov_rows
    matrix = _loaded(path, name, rows, columns, offset, words, initializer)
    concat = exported("concat")
    if oov_rows:
        matrix = concat([matrix, initializer([oov_rows, columns])], 0)
    if column_buckets:
        matrix = concat([matrix, initializer([rows + oov_rows, column_buckets])], 1)
    return matrix


def _loaded(
    path: str, name: str, rows: int, columns: int, offset: int, words: Vocabularies, initializer: Callable
) -> Any:
    row_remapping: Any
    column_remapping: Any
    rows_present: Any
    columns_present: Any
    if words.axis == 0:
        row_remapping, rows_present = _remapping(words, offset, rows)
        column_remapping, columns_present = [], columns  # Every column stays where it is.
    else:
        row_remapping, rows_present = exported("range")(offset, offset + rows, dtype=dtypes.int64), rows
        column_remapping, columns_present = _remapping(words, 0, columns)
    missing = rows * columns - rows_present * columns_present
    return op(
        "LoadAndRemapMatrix", ckpt_path=path, old_tensor_name=name, row_remapping=row_remapping,
        col_remapping=column_remapping, initializing_values=initializer([missing, 1]), num_rows=rows,
        num_cols=columns,
    )  # fmt: skip


def _remapping(words: Vocabularies, offset: int, count: int) -> tuple[Any, Any]:
    return op(
        "GenerateVocabRemapping", new_vocab_file=words.new_file, old_vocab_file=words.old_file,
        new_vocab_offset=offset, num_new_vocab=count, old_vocab_size=words.old_size,
    )  # fmt: skip
