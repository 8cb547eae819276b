"""`tf.layers.max_pooling2d`, `average_pooling1d` and the like, and their classes."""

from collections.abc import Callable
from typing import Any

from onevar.core.tensor_shape import TensorShape
from onevar.v1.array_ops_shape import expand_dims, squeeze, transpose
from onevar.v1.export import export
from onevar.v1.layers_arguments import (
    conv_length,
    standard_data_format,
    standard_padding,
    standard_tuple,
    tf_data_format,
)
from onevar.v1.layers_base import Layer
from onevar.v1.layers_input_spec import InputSpec
from onevar.v1.nn_pool import avg_pool, avg_pool3d, max_pool, max_pool3d


class Pooling(Layer):
    """Takes the greatest or the mean of what a window shows.

    Args:
        rank: How many axes the window moves along.
        function: TensorFlow's operation.
        pool_size: Of the window, for each axis, or one for all.
        strides: The same.
        padding: `"valid"` or `"same"`.
        data_format: `"channels_last"` or `"channels_first"`.
        name: Of the layer.
        **kwargs: As for `Layer`.

    Raises:
        ValueError: There are no strides, too many sizes or too few, or they are no integers.
    """

    def __init__(
        self, rank: int, function: Callable[..., Any], pool_size: Any, strides: Any, padding: str,
        data_format: Any, name: Any, **kwargs: Any,
    ):  # fmt: skip
        if strides is None:
            raise ValueError("Argument `strides` must not be None.")
        super().__init__(name=name, **kwargs)
        self.rank = rank
        self.pool_function = function
        self.pool_size = standard_tuple(pool_size, rank, "pool_size")
        self.strides = standard_tuple(strides, rank, "strides", allow_zero=True)
        self.padding = standard_padding(padding)
        self.data_format = standard_data_format(data_format)
        self.input_spec = InputSpec(ndim=rank + 2)

    def call(self, inputs: Any) -> Any:
        """Return the outputs.

        Args:
            inputs: The batch, the axes that the window moves along, and the channels.
        """
        return (self._along_one, self._along_two, self._along_three)[self.rank - 1](inputs)

    def _along_one(self, inputs: Any) -> Any:
        axis = 2 if self.data_format == "channels_last" else 3
        inputs = expand_dims(inputs, axis)
        if self.data_format == "channels_first":
            # TensorFlow's CPU has these operations for the channels last only.
            inputs = transpose(inputs, (0, 2, 3, 1))
        outputs = self.pool_function(
            inputs, (1, *self.pool_size, 1, 1), (1, *self.strides, 1, 1), padding=self.padding.upper(),
            data_format="NHWC",
        )  # fmt: skip
        if self.data_format == "channels_first":
            outputs = transpose(outputs, (0, 3, 1, 2))
        return squeeze(outputs, axis)

    def _along_two(self, inputs: Any) -> Any:
        last = self.data_format == "channels_last"
        return self.pool_function(
            inputs, ksize=(1, *self.pool_size, 1) if last else (1, 1, *self.pool_size),
            strides=(1, *self.strides, 1) if last else (1, 1, *self.strides), padding=self.padding.upper(),
            data_format=tf_data_format(self.data_format, 4),
        )  # fmt: skip

    def _along_three(self, inputs: Any) -> Any:
        if self.data_format == "channels_first":
            inputs = transpose(inputs, (0, 2, 3, 4, 1))
        outputs = self.pool_function(
            inputs, ksize=(1, *self.pool_size, 1), strides=(1, *self.strides, 1), padding=self.padding.upper()
        )
        return transpose(outputs, (0, 4, 1, 2, 3)) if self.data_format == "channels_first" else outputs

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Return the shape of the outputs for the shape of the inputs.

        Args:
            input_shape: What `TensorShape` takes.
        """
        batch, *inner = TensorShape(input_shape).as_list()
        last = self.data_format == "channels_last"
        spatial = inner[:-1] if last else inner[1:]
        lengths = [
            conv_length(length, size, stride, 1, self.padding)
            for length, size, stride in zip(spatial, self.pool_size, self.strides, strict=True)
        ]
        return TensorShape([batch, *lengths, inner[-1]] if last else [batch, inner[0], *lengths])


def _layer(rank: int, function: Callable[..., Any], class_name: str, name: str) -> tuple[Any, Any]:
    """Make and export a class, and the function that calls a layer of it."""

    def init(
        self: Pooling, pool_size: Any, strides: Any, padding: str = "valid", data_format: str = "channels_last",
        name: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        Pooling.__init__(self, rank, function, pool_size, strides, padding, data_format, name, **kwargs)

    what = "greatest" if class_name.startswith("Max") else "mean"
    doc = f"The {what} of each window along {('one axis', 'two axes', 'three axes')[rank - 1]}"
    namespace = {"__init__": init, "__doc__": f"{doc}; see `Pooling` for the arguments.", "__module__": __name__}
    init.__name__ = "__init__"
    made = type(class_name, (Pooling,), namespace)

    def pool(
        inputs: Any, pool_size: Any, strides: Any, padding: str = "valid", data_format: str = "channels_last",
        name: Any = None,
    ) -> Any:  # fmt: skip
        return made(pool_size, strides, padding, data_format, name)(inputs)

    pool.__name__ = pool.__qualname__ = name
    pool.__doc__ = f"{doc} of `inputs`; see `Pooling` for the arguments."
    return export(f"layers.{class_name}")(made), export(f"layers.{name}")(pool)


MaxPooling1D, max_pooling1d = _layer(1, max_pool, "MaxPooling1D", "max_pooling1d")
MaxPooling2D, max_pooling2d = _layer(2, max_pool, "MaxPooling2D", "max_pooling2d")
MaxPooling3D, max_pooling3d = _layer(3, max_pool3d, "MaxPooling3D", "max_pooling3d")
AveragePooling1D, average_pooling1d = _layer(1, avg_pool, "AveragePooling1D", "average_pooling1d")
AveragePooling2D, average_pooling2d = _layer(2, avg_pool, "AveragePooling2D", "average_pooling2d")
AveragePooling3D, average_pooling3d = _layer(3, avg_pool3d, "AveragePooling3D", "average_pooling3d")
