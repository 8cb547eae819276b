"""Diagonals and bands of matrices: `tf.matrix_diag`, `tf.diag_part`, `tf.matrix_band_part` and the like."""

from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.v1.common import dtype_of
from onevar.v1.export import export


def _padding(tensor: Any, value: Any) -> Any:
    return bool(value) if hasattr(tensor, "dtype") and dtype_of(tensor) is dtypes.bool else value


@export("matrix_diag", "linalg.diag")
def matrix_diag(
    diagonal: Any, name: str = "diag", k: Any = 0, num_rows: Any = -1, num_cols: Any = -1, padding_value: Any = 0,
    align: str = "RIGHT_LEFT",
) -> Any:  # fmt: skip
    """Return matrices with the given diagonals; see `tf.linalg.diag`."""
    padding_value = _padding(diagonal, padding_value)
    sizes = {"k": k, "num_rows": num_rows, "num_cols": num_cols, "padding_value": padding_value}
    return op("MatrixDiagV3", diagonal=diagonal, **sizes, align=align, name=name)


@export("matrix_diag_part", "linalg.diag_part")
def matrix_diag_part(
    input: Any, name: str = "diag_part", k: Any = 0, padding_value: Any = 0, align: str = "RIGHT_LEFT"
) -> Any:
    """Return the diagonals of matrices; see `tf.linalg.diag_part`."""
    padding_value = _padding(input, padding_value)
    return op("MatrixDiagPartV3", input=input, k=k, padding_value=padding_value, align=align, name=name)


@export("matrix_set_diag", "linalg.set_diag")
def matrix_set_diag(input: Any, diagonal: Any, name: str = "set_diag", k: Any = 0, align: str = "RIGHT_LEFT") -> Any:
    """Return matrices with other diagonals; see `tf.linalg.set_diag`."""
    return op("MatrixSetDiagV3", input=input, diagonal=diagonal, k=k, align=align, name=name)


@export("matrix_band_part", "linalg.band_part")
def matrix_band_part(input: Any, num_lower: Any, num_upper: Any, name: str | None = None) -> Any:
    """Return matrices with zeros outside of a band; see `tf.linalg.band_part`."""
    return op("MatrixBandPart", input=input, num_lower=num_lower, num_upper=num_upper, name=name)


@export("diag", "linalg.tensor_diag")
def diag(diagonal: Any, name: str | None = None) -> Any:
    """Return a tensor with the given diagonal; see `tf.linalg.tensor_diag`."""
    return op("Diag", diagonal=diagonal, name=name)


@export("diag_part", "linalg.tensor_diag_part")
def tensor_diag_part(input: Any, name: str | None = None) -> Any:
    """Return the diagonal of a tensor; see `tf.linalg.tensor_diag_part`."""
    return op("DiagPart", input=input, name=name)
