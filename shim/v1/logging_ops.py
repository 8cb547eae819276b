"""Tensors written to a stream while the graph runs: `tf.Print`, `tf.print`."""

import logging
import os
import pprint
import sys
from typing import Any

from onevar.core.build import op
from onevar.core.context import executing_eagerly
from onevar.core.dtype import string
from onevar.v1.common import dtype_of, is_tensor, rank_of
from onevar.v1.export import export
from onevar.v1.sparse_types import SparseTensor
from onevar.v1.string_ops import string_format


@export("Print")
def print_(  # TensorFlow has this and `tf.print`
    input_: Any, data: Any, message: str | None = None, first_n: int | None = None, summarize: int | None = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Return `input_`, and write `data` to the error stream when it is computed; see `tf.compat.v1.Print`."""
    options = {"message": message, "first_n": first_n, "summarize": summarize}
    return op("Print", input=input_, data=list(data), **options, name=name)


_LEVELS = {
    logging.INFO: "log(info)",
    logging.WARNING: "log(warning)",
    logging.ERROR: "log(error)",
    "info": "log(info)",
    "warning": "log(warning)",
    "warn": "log(warning)",
    "error": "log(error)",
}


def _stream(output_stream: Any) -> str:
    if output_stream is sys.stdout:
        return "stdout"
    if output_stream is sys.stderr:
        return "stderr"
    if isinstance(output_stream, str) and output_stream.startswith("file://"):
        return output_stream
    key = getattr(output_stream, "__name__", output_stream)
    if not isinstance(key, str | int) or key not in _LEVELS:
        raise ValueError(
            f"Unsupported output stream, logging level, or file.{output_stream}. Supported streams are sys.stdout, "
            "sys.stderr, tf.logging.info, tf.logging.warning, tf.logging.error. File needs to be in the form of "
            "'file://<filepath>'."
        )
    return _LEVELS[key]


@export("print")
def print_v2(*inputs: Any, **kwargs: Any) -> Any:
    """Return an operation that writes its inputs to a stream; see `tf.print`.

    Raises:
        ValueError: An unknown keyword, or stream.
    """
    stream = _stream(kwargs.pop("output_stream", sys.stderr))
    name, summarize = kwargs.pop("name", None), kwargs.pop("summarize", 3)
    sep, end = kwargs.pop("sep", " "), kwargs.pop("end", os.linesep)
    if kwargs:
        raise ValueError(f"Unrecognized keyword arguments for tf.print: {kwargs}")
    first = inputs[0] if inputs else None
    if len(inputs) == 1 and is_tensor(first) and rank_of(first) == 0 and dtype_of(first) is string:
        text = first
    else:
        text = _text(inputs, sep, summarize, f"{name}_format" if name else None)
    out = op("PrintV2", input=text, output_stream=stream, end=end, name=name)
    return None if executing_eagerly() else out


class _Shown:
    """Stands for a tensor in what `pprint` writes."""

    def __init__(self, text: str):
        self.text = text

    def __repr__(self) -> str:
        return self.text


def _text(inputs: tuple[Any, ...], sep: str, summarize: int, name: str | None) -> Any:
    tensors: list[Any] = []
    placeholder = "{}"
    plain = " ".join(pprint.pformat(_replaced(item, [], "")) for item in inputs)
    while placeholder in plain:
        placeholder += "9"
    pieces = [
        item if isinstance(item, str) else pprint.pformat(_replaced(item, tensors, placeholder)) for item in inputs
    ]
    return string_format(sep.join(pieces), tensors, placeholder=placeholder, summarize=summarize, name=name)


def _replaced(value: Any, tensors: list[Any], placeholder: str) -> Any:
    """A structure with a placeholder for each tensor, which goes to the list."""
    if isinstance(value, SparseTensor):
        tensors += [value.indices, value.values, value.dense_shape]
        return _Shown(f"SparseTensor(indices={placeholder}, values={placeholder}, shape={placeholder})")
    if is_tensor(value):
        tensors.append(value)
        return _Shown(placeholder)
    if isinstance(value, dict):
        return {key: _replaced(value[key], tensors, placeholder) for key in sorted(value)}
    if isinstance(value, list):
        return [_replaced(item, tensors, placeholder) for item in value]
    if isinstance(value, tuple):
        parts = [_replaced(item, tensors, placeholder) for item in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    return value
