"""`tf.train.init_from_checkpoint`: variables whose initial values are those that a checkpoint has."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from onevar.core.build import op
from onevar.core.context import executing_eagerly
from onevar.core.default_graph import device, get_collection
from onevar.core.operation import Tensor
from onevar.core.stand_ins import all_ours
from onevar.core.tensor_shape import TensorShape
from onevar.v1.checkpoint_reader import load_checkpoint, path_of
from onevar.v1.export import export
from onevar.v1.graph_keys import GraphKeys
from onevar.v1.partitioned_variable import PartitionedVariable
from onevar.v1.saveables import SaveableObject, on, saveables_for
from onevar.v1.variable_store import default_variable_store
from onevar.v1.variables import Variable

_PART = re.compile(r"/part_\d+$")


@export("train.init_from_checkpoint")
def init_from_checkpoint(ckpt_dir_or_file: Any, assignment_map: Any) -> None:
    """Replace the initializers of variables by what reads their values from a checkpoint.

    Args:
        ckpt_dir_or_file: A checkpoint's prefix, or a folder, of which the latest is taken.
        assignment_map: A dictionary, or a list of pairs, of
            `"name in the checkpoint"`: a Variable or `keras.Variable`, the list of a variable's slices, or the name of
            what `tf.get_variable` made;
            `"scope in the checkpoint/"`: `"scope/"`, for all that `tf.get_variable` made below it; `"/"` is the root.

    Raises:
        ValueError: The folder has no checkpoint; a tensor or a variable is not there, or no variable is in the scope;
            shapes differ.
        OpError: The checkpoint cannot be read.
        RuntimeError: Eagerly.
    """
    if executing_eagerly():
        raise RuntimeError(
            "tf.train.init_from_checkpoint replaces initializers, and eagerly there are none. Use "
            "tf.train.Saver(variables).restore(None, path)."
        )
    source = _Source(ckpt_dir_or_file)
    pairs = assignment_map.items() if isinstance(assignment_map, Mapping) else assignment_map
    # All is looked up before anything is changed.
    found = [match for name, target in pairs for match in source.matches(name, target)]
    for name, variable in found:
        source.initialize(name, variable)


class _Source:
    """A checkpoint whose tensors become initial values."""

    def __init__(self, ckpt_dir_or_file: Any):
        self.given = ckpt_dir_or_file
        self.path = path_of(ckpt_dir_or_file)
        with load_checkpoint(self.path) as reader:
            self.shapes = reader.get_variable_to_shape_map()
        # Those of Keras's that are in the graph have names too, and are made by no `get_variable`.
        keras = [v for v in get_collection(GraphKeys.GLOBAL_VARIABLES) if getattr(v.op, "keeper", None) is not None]
        self.variables = {**{v.op.name: v for v in keras}, **default_variable_store().vars}

    def matches(self, name: str, target: Any) -> Iterator[tuple[str, Any]]:
        """Yield names of tensors, and the variable or the list of slices that each is for."""
        if not isinstance(name, str):
            raise TypeError(
                f"init_from_checkpoint(assignment_map): names in the checkpoint are strings. Received: {name!r}"
            )
        variable = self._variable(target)
        if variable is not None:
            yield self._checked(name, variable)
            return
        if not isinstance(target, str):
            raise TypeError(
                f"init_from_checkpoint(assignment_map): {name!r} is for a Variable, the list of one's slices, or a "
                f"name. Received: {target!r}. (For a whole Keras model: onevar.migrate.convert.load_into.)"
            )
        yield from self._scope(name, target)

    def _variable(self, target: Any) -> Any:
        target = all_ours(target)
        if isinstance(target, Variable):
            return target
        if isinstance(target, PartitionedVariable):
            return list(target)
        if isinstance(target, list | tuple) and target and all(isinstance(item, Variable) for item in target):
            return list(target)
        return self._named(target) if isinstance(target, str) else None

    def _named(self, name: str) -> Any:
        """Return what `tf.get_variable` made under a name: a Variable, or a list of slices; None if nothing was."""
        found = self.variables.get(name)
        if found is not None:
            return found
        parts: list[Any] = []
        while f"{name}/part_{len(parts)}" in self.variables:
            parts.append(self.variables[f"{name}/part_{len(parts)}"])
        return parts or None

    def _checked(self, name: str, variable: Any) -> tuple[str, Any]:
        if name not in self.shapes:
            raise ValueError(f"Tensor {name} is not found in {self.given} checkpoint {self.shapes}")
        stored = self.shapes[name]
        if isinstance(variable, list):
            for part in variable:
                if part._save_slice_info is None:
                    raise ValueError(f"Slices must all be slices: {part}")
            shown, shape = variable[0]._save_slice_info.full_name, variable[0]._save_slice_info.full_shape
        else:
            shown, shape = variable.name, variable.shape
        if not TensorShape(shape).is_compatible_with(stored):
            raise ValueError(
                f"Shape of variable {shown} ({TensorShape(shape)}) doesn't match with shape of tensor {name} "
                f"({stored}) from checkpoint reader."
            )
        return name, variable

    def _scope(self, name: str, target: str) -> Iterator[tuple[str, Any]]:
        scope = target.rpartition("/")[0]
        if not name.endswith("/"):
            raise ValueError(
                f"Assignment map with scope only name {scope} should map to scope only {name}. Should be 'scope/': "
                f"'other_scope/'. (tf.get_variable made no variable {target!r}.)"
            )
        start = f"{scope}/" if scope else ""
        below = sorted({_PART.sub("", known) for known in self.variables if known.startswith(start)})
        if not below:
            raise ValueError(
                f"init_from_checkpoint(assignment_map): {name!r} is for the variables below {target!r}, and "
                "tf.get_variable made none there. TensorFlow says nothing, and leaves all variables as they are."
            )
        for variable in below:
            rest = variable[len(start) :] if target.endswith("/") else variable[len(scope) :]
            full = rest if name == "/" else name + rest
            if full not in self.shapes:
                raise ValueError(f"Tensor {full} ({rest} in {name}) is not found in {self.given} checkpoint")
            yield self._checked(full, self._named(variable))

    def initialize(self, name: str, variable: Any) -> None:
        """Let a variable, or each of a list of slices, begin with a tensor of the checkpoint."""
        if isinstance(variable, list):
            for part in variable:
                self._initialize(name, part, *saveables_for([part], name))
        else:
            self._initialize(name, variable, *saveables_for(variable, name))

    def _initialize(self, name: str, variable: Any, saveable: SaveableObject) -> None:
        with on(variable.device), device("/cpu:0"):
            (tensor,) = op(
                "RestoreV2", name="checkpoint_initializer", prefix=self.path, tensor_names=[name],
                shape_and_slices=[saveable.specs[0].slice_spec], dtypes=[variable.dtype.base_dtype],
            )  # fmt: skip
        done = saveable.restore([tensor], None)
        variable._initializer_op = done.op if isinstance(done, Tensor) else done
        tensor.set_shape(variable.shape)
        variable._initial_value = tensor
