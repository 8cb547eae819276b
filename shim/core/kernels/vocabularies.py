"""Operations that take weights over from a checkpoint by the words that their rows or columns stand for."""

from typing import Any

import numpy as np

from onevar.core.bundle import Reader
from onevar.core.kernel import kernel
from onevar.core.kernels.checkpoint import check_entries, texts
from onevar.core.op_errors import InvalidArgumentError, NotFoundError
from onevar.core.spec import Shape, Spec


def _lines(file: np.ndarray) -> list[bytes]:
    (path,) = texts(file)
    try:
        with open(path, "rb") as opened:
            return opened.read().splitlines()
    except FileNotFoundError:
        raise NotFoundError(None, None, f"{path}; No such file or directory") from None


def _remapping_shapes(new: Spec, old: Spec, *, num_new_vocab: int) -> list[Shape]:
    return [(num_new_vocab,), ()]


@kernel("GenerateVocabRemapping", on_host=True, infer=_remapping_shapes)
def generate_vocab_remapping(
    k: Any, new_vocab_file: np.ndarray, old_vocab_file: np.ndarray, *, new_vocab_offset: int, num_new_vocab: int,
    old_vocab_size: int,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """For words of the new vocabulary their lines in the old one, -1 for those that it does not have."""
    old = _lines(old_vocab_file)
    if old_vocab_size >= 0:
        old = old[:old_vocab_size]
    line_of = {word: line for line, word in enumerate(old)}
    new = _lines(new_vocab_file)
    if new_vocab_offset + num_new_vocab > len(new):
        raise InvalidArgumentError(
            None, None,
            "lookup table size must be larger than last new vocab entry's line: the words "
            f"{new_vocab_offset} to {new_vocab_offset + num_new_vocab} are wanted, and there are {len(new)}.",
        )  # fmt: skip
    words = new[new_vocab_offset : new_vocab_offset + num_new_vocab]
    lines = np.array([line_of.get(word, -1) for word in words], np.int64)
    return lines, np.array(np.count_nonzero(lines >= 0), np.int32)


def _matrix_shape(*_: Spec, num_rows: int, num_cols: int) -> Shape:
    return (num_rows, num_cols)


@kernel("LoadAndRemapMatrix", on_host=True, infer=_matrix_shape)
def load_and_remap_matrix(
    k: Any, ckpt_path: np.ndarray, old_tensor_name: np.ndarray, row_remapping: np.ndarray, col_remapping: np.ndarray,
    initializing_values: np.ndarray, *, num_rows: int, num_cols: int,
) -> np.ndarray:  # fmt: skip
    """A matrix of a checkpoint, its rows and columns moved; what comes from nowhere is taken from the values given."""
    (path,), (name,) = texts(ckpt_path), texts(old_tensor_name)
    with Reader(path) as reader:
        check_entries(reader, [name], ["float32"])
        old = reader.read(name)
    if old.ndim != 2:
        raise InvalidArgumentError(None, None, f"Old tensor must be a matrix, {name} is of shape {old.shape}.")
    rows = _sources(row_remapping, num_rows, old.shape[0], "row")
    columns = _sources(col_remapping, num_cols, old.shape[1], "column")
    known = (rows >= 0)[:, None] & (columns >= 0)[None, :]
    out = np.zeros((num_rows, num_cols), np.float32)
    out[known] = old[np.ix_(rows[rows >= 0], columns[columns >= 0])].reshape(-1)
    missing = int(known.size - np.count_nonzero(known))
    if missing != initializing_values.size:
        raise InvalidArgumentError(
            None, None, f"{missing} values come from nowhere, and initializing_values has {initializing_values.size}."
        )
    out[~known] = initializing_values.reshape(-1)
    return out


def _sources(remapping: np.ndarray, count: int, available: int, what: str) -> np.ndarray:
    """Where each row or column comes from, -1 for nowhere; an empty remapping leaves all where they are."""
    if not remapping.size:
        if count != available:
            raise InvalidArgumentError(
                None, None, f"There is no {what} remapping, and {count} {what}s are wanted of {available}."
            )
        return np.arange(count)
    if remapping.size != count:
        raise InvalidArgumentError(None, None, f"{count} {what}s are wanted, and {remapping.size} are remapped.")
    if remapping.max() >= available:
        raise InvalidArgumentError(
            None, None, f"The {what} remapping speaks of {what} {int(remapping.max())}, and there are {available}."
        )
    used = remapping[remapping >= 0]
    if np.unique(used).size != used.size:
        raise InvalidArgumentError(None, None, f"The {what} remapping takes a {what} twice.")
    return remapping
