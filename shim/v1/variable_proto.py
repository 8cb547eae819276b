"""Variables in protocol buffers: `VariableDef` and `SaveSliceInfoDef`, and `tf.Variable.SaveSliceInfo`."""

from importlib import import_module
from typing import Any

from onevar.errors import FrameworkMissing

#: Where the messages may come from; TensorBoard ships TensorFlow's definitions.
_SOURCES = ("tensorboard.compat.proto.variable_pb2",)


def messages() -> Any:
    """Return the module with the message types `VariableDef` and `SaveSliceInfoDef`.

    Raises:
        FrameworkMissing: No package that has them is installed.
    """
    for source in _SOURCES:
        try:
            return import_module(source)
        except ImportError:
            continue
    raise FrameworkMissing(
        "Variable.to_proto() needs the message types of TensorFlow's graphs. Install TensorBoard, which has them: "
        "pip install tensorboard"
    )


def below(name: str, import_scope: str | None) -> str:
    """Return `name` below `import_scope`.

    Args:
        name: Of a node or tensor; `^` and `loc:@` in front of it stay in front.
        import_scope: A name scope, with or without a final `/`, or None.
    """
    if not import_scope:
        return name
    for mark in ("^", "loc:@"):
        if name.startswith(mark):
            return f"{mark}{import_scope.rstrip('/')}/{name[len(mark) :]}"
    return f"{import_scope.rstrip('/')}/{name}"


def without(name: str, export_scope: str | None) -> str:
    """Return `name` without `export_scope` in front of it.

    Args:
        name: Of a node or tensor.
        export_scope: A name scope, with or without a final `/`, or None.
    """
    if not export_scope:
        return name
    return name.removeprefix(f"{export_scope.rstrip('/')}/")


def describe(variable: Any, export_scope: str | None, storage: str, snapshot: str, is_resource: bool) -> Any:
    """Return the `VariableDef` of a variable, or None if it is not below `export_scope`.

    Args:
        variable: The Variable.
        export_scope: What is left out of the names.
        storage: The name of its storage tensor.
        snapshot: The name of the tensor that reads it.
        is_resource: Whether the storage is a resource.

    Raises:
        FrameworkMissing: No package with the message types is installed.
    """
    if export_scope is not None and not storage.startswith(export_scope):
        return None
    out = messages().VariableDef()
    out.variable_name = without(storage, export_scope)
    if variable.initial_value is not None:
        out.initial_value_name = without(variable.initial_value.name, export_scope)
    out.initializer_name = without(variable.initializer.name, export_scope)
    out.snapshot_name = without(snapshot, export_scope)
    out.is_resource = is_resource
    out.trainable = bool(variable.trainable)
    out.synchronization = variable.synchronization.value
    out.aggregation = variable.aggregation.value
    info = variable._get_save_slice_info()
    if info:
        out.save_slice_info_def.MergeFrom(info.to_proto(export_scope=export_scope))
    return out


class SaveSliceInfo:
    """Which part of a larger value a variable is.

    Args:
        full_name: The name of the whole.
        full_shape: The shape of the whole.
        var_offset: Where the part begins.
        var_shape: The shape of the part.
        save_slice_info_def: A `SaveSliceInfoDef` that says all that.
        import_scope: What is put before the name in it.
    """

    def __init__(
        self, full_name: str | None = None, full_shape: Any = None, var_offset: Any = None, var_shape: Any = None,
        save_slice_info_def: Any = None, import_scope: str | None = None,
    ):  # fmt: skip
        if save_slice_info_def is not None:
            full_name = below(save_slice_info_def.full_name, import_scope)
            full_shape = list(save_slice_info_def.full_shape)
            var_offset = list(save_slice_info_def.var_offset)
            var_shape = list(save_slice_info_def.var_shape)
        self.full_name, self.full_shape = full_name, full_shape
        self.var_offset, self.var_shape = var_offset, var_shape

    @property
    def spec(self) -> str:
        """The part as checkpoints write it: `"10 4 0,5:0,4"`."""
        sizes = "".join(f"{size:d} " for size in self.full_shape)
        parts = zip(self.var_offset, self.var_shape, strict=True)
        return sizes + ":".join(f"{offset:d},{size:d}" for offset, size in parts)

    @classmethod
    def from_spec(cls, spec: str) -> "SaveSliceInfo":
        """Return what `spec` describes.

        Args:
            spec: As `SaveSliceInfo.spec`.

        Raises:
            ValueError: It is not of that form.
        """
        if not spec:
            return cls()
        sizes, space, parts = spec.rpartition(" ")
        if not space:
            raise ValueError("Spec string must contain space-separated full_shape info.")
        full_shape = [_int(size, "full_shape must be a sequence of integers") for size in sizes.split()]
        offsets, shape = [], []
        for part in parts.split(":"):
            offset, comma, size = part.partition(",")
            if not comma or "," in size:
                raise ValueError("Spec string must contain comma-separated pairs of offsets and shapes.")
            offsets.append(_int(offset, "var_offset must be an integer"))
            shape.append(_int(size, "var_shape must be an integer"))
        return cls(full_shape=full_shape, var_offset=offsets, var_shape=shape)

    def to_proto(self, export_scope: str | None = None) -> Any:
        """Return a `SaveSliceInfoDef`, or None if the whole is not below `export_scope`.

        Raises:
            FrameworkMissing: No package with the message types is installed.
        """
        if export_scope is not None and not str(self.full_name).startswith(export_scope):
            return None
        out = messages().SaveSliceInfoDef()
        out.full_name = without(str(self.full_name), export_scope)
        out.full_shape.extend(self.full_shape)
        out.var_offset.extend(self.var_offset)
        out.var_shape.extend(self.var_shape)
        return out


def _int(text: str, rule: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"Spec string {rule}. Found '{text}', which is not an integer.") from None
