"""What a `Graph` has to do with TensorFlow's messages; these are imported when they are asked for."""

from typing import Any


class AsMessage:
    """A graph as a `GraphDef`.

    Attributes:
        outer: For the body of a control-flow operation, the graph around it.
        named_outputs: Outputs that have a name of their own, by it.
    """

    outer: Any
    named_outputs: dict[str, Any]
    _versions: Any

    def as_graph_def(self, from_version: int | None = None, add_shapes: bool = False) -> Any:
        """Return the graph as a `GraphDef`, of TensorFlow's own operations.

        Args:
            from_version: Only what was made after the graph had this `version`.
            add_shapes: Whether nodes say what is known of their outputs' shapes, in `_output_shapes`.

        Raises:
            FrameworkMissing: The tensorboard package, which has the messages, is not installed.
        """
        from onevar.core.graph_def_export import graph_def

        return graph_def(self, from_version, add_shapes)

    @property
    def graph_def_versions(self) -> Any:
        """The versions of TensorFlow's graphs that `as_graph_def` writes, a `VersionDef`.

        Raises:
            FrameworkMissing: The tensorboard package, which has the messages, is not installed.
        """
        from onevar.core.graph_def import PRODUCER, protos

        return protos().VersionDef(producer=PRODUCER) if self._versions is None else self._versions

    def name_output(self, tensor: Any, name: str) -> None:
        """Let an output be called `name:0`, as if it were the only one of an operation of that name."""
        tensor._name = f"{name}:0"
        root: Any = self
        while root.outer is not None:
            root = root.outer
        root.named_outputs[tensor._name] = tensor
