"""Builds the operations of a `Saver`, by the names that TensorFlow gives them."""

import re
from collections.abc import Sequence
from typing import Any

from onevar.core.build import op
from onevar.core.constant import constant
from onevar.core.default_graph import control_dependencies, device
from onevar.core.name_scope import name_scope
from onevar.core.operation import Operation
from onevar.v1 import saveables as objects
from onevar.v1 import saver_def as definition
from onevar.v1 import tf_logging as logging
from onevar.v1.export import exported
from onevar.v1.grouping_ops import no_op, with_dependencies
from onevar.v1.saver_def import SaverDef

_DEVICE = re.compile(r"/(?:device:[a-z_]+|cpu|gpu|tpu):(?:\d+|\*)", re.IGNORECASE)


def _on_cpu(where: str | None) -> str:
    """Return the first CPU of the machine that a device name speaks of."""
    return f"{_DEVICE.sub('', where or '')}/device:CPU:0"


class BaseSaverBuilder:
    """Builds the operations of a `Saver`; derive from it to build others.

    Args:
        write_version: The format's version; V2 is written whatever is asked for.
    """

    SaveSpec = objects.SaveSpec
    SaveableObject = objects.SaveableObject
    VariableSaveable = objects.ReferenceVariableSaveable
    ResourceVariableSaveable = objects.ResourceVariableSaveable

    def __init__(self, write_version: int = definition.V2):
        if write_version != definition.V2:
            # Programs of TensorFlow 0.12's time asked for the old format, for readers that are long gone.
            logging.warning(
                "write_version=%r: checkpoints are written in the format V2, which all of TensorFlow reads since 0.12.",
                write_version,
            )
        self._write_version = definition.V2

    # -- what derived classes may change -----------------------------------------------------------

    def save_op(self, filename_tensor: Any, saveables: Sequence[objects.SaveableObject]) -> Operation:
        """Return the operation that saves.

        Args:
            filename_tensor: The prefix.
            saveables: What is saved.
        """
        specs = [(spec, spec.tensor) for saveable in saveables for spec in saveable.specs]
        return op(
            "SaveV2", prefix=filename_tensor, tensor_names=[spec.name for spec, _ in specs],
            shape_and_slices=[spec.slice_spec for spec, _ in specs], tensors=[tensor for _, tensor in specs],
        )  # fmt: skip

    def restore_op(self, filename_tensor: Any, saveable: objects.SaveableObject, preferred_shard: int) -> list[Any]:
        """Return the tensors of one saveable, each read by an operation of its own.

        Args:
            filename_tensor: The prefix.
            saveable: What is restored.
            preferred_shard: Accepted, and means nothing in this format.
        """
        return [restored(filename_tensor, [spec])[0] for spec in saveable.specs]

    def bulk_restore(
        self, filename_tensor: Any, saveables: Sequence[objects.SaveableObject], preferred_shard: int,
        restore_sequentially: bool,
    ) -> list[Any]:  # fmt: skip
        """Return the tensors of all saveables.

        Args:
            filename_tensor: The prefix.
            saveables: What is restored.
            preferred_shard: Accepted, and means nothing in this format.
            restore_sequentially: Accepted: reading is one operation after the other here.
        """
        found: list[Any] = []
        for saveable in saveables:
            with objects.on(saveable.device and _on_cpu(saveable.device)):
                found.extend(self.restore_op(filename_tensor, saveable, preferred_shard))
        return found

    def sharded_filename(self, filename_tensor: Any, shard: int, num_shards: Any) -> Any:
        """Return the prefix of one shard.

        Args:
            filename_tensor: What it begins with.
            shard: Its number.
            num_shards: How many there are.
        """
        return op("ShardedFilename", basename=filename_tensor, shard=shard, num_shards=num_shards)

    # -- building -----------------------------------------------------------------------------------

    def build(
        self, names_to_saveables: Any, reshape: bool = False, sharded: bool = False, max_to_keep: int | None = 5,
        keep_checkpoint_every_n_hours: float = 10000.0, name: str | None = None, restore_sequentially: bool = False,
        filename: str = "model",
    ) -> SaverDef:  # fmt: skip
        """Build the operations.

        Args:
            names_to_saveables: As `Saver`'s `var_list`.
            reshape: As for `Saver`.
            sharded: The same.
            max_to_keep: The same.
            keep_checkpoint_every_n_hours: The same.
            name: The same.
            restore_sequentially: The same.
            filename: The same.

        Raises:
            TypeError: Something cannot be saved.
            ValueError: Something would be saved twice.
        """
        saveables = objects.checked(names_to_saveables)
        with name_scope(name, "save", [saveable.op for saveable in saveables]):
            default = op("PlaceholderWithDefault", input=filename or "model", shape=(), name="filename")
            prefix = op("PlaceholderWithDefault", input=default, shape=(), name="Const")
            if sharded:
                shards = by_device(saveables)
                saved = self._sharded_save(prefix, shards)
                restore = self._sharded_restore(prefix, shards, reshape, restore_sequentially)
            else:
                saved = self._save(prefix, saveables)
                restore = self._restore(prefix, saveables, reshape, restore_sequentially, "restore_all")
        return SaverDef(
            filename_tensor_name=prefix.name, save_tensor_name=saved.name, restore_op_name=restore.name,
            max_to_keep=0 if max_to_keep is None else max_to_keep, sharded=bool(sharded),
            keep_checkpoint_every_n_hours=float(keep_checkpoint_every_n_hours), version=self._write_version,
        )  # fmt: skip

    def _save(self, prefix: Any, saveables: Sequence[objects.SaveableObject]) -> Any:
        return with_dependencies([self.save_op(prefix, saveables)], prefix)

    def _sharded_save(self, prefix: Any, shards: Sequence[tuple[str, Sequence[objects.SaveableObject]]]) -> Any:
        with device("/device:CPU:*"):
            remote = op("StaticRegexFullMatch", input=prefix, pattern="^s3://.*")
            ending = op("Select", condition=remote, t=constant(".part"), e=constant("_temp/part"))
            temporary = op("StringJoin", inputs=[prefix, ending])
        count = constant(len(shards), name="num_shards")
        names, saved = [], []
        for number, (where, saveables) in enumerate(shards):
            with device(_on_cpu(where)):
                names.append(self.sharded_filename(temporary, number, count))
                saved.append(self._save(names[-1], saveables))
        with device(_on_cpu(shards[-1][0])), control_dependencies([tensor.op for tensor in saved]):
            merged = op(
                "MergeV2Checkpoints", checkpoint_prefixes=names, destination_prefix=prefix, delete_old_dirs=True
            )
            with control_dependencies([merged]):
                return op("Identity", input=prefix)

    def _restore(
        self, prefix: Any, saveables: Sequence[objects.SaveableObject], reshape: bool, restore_sequentially: bool,
        name: str, shard: int = -1,
    ) -> Operation:  # fmt: skip
        tensors = iter(self.bulk_restore(prefix, saveables, shard, restore_sequentially))
        done = []
        for saveable in saveables:
            shapes = [_shape_of(spec.tensor) for spec in saveable.specs] if reshape else None
            done.append(saveable.restore([next(tensors) for _ in saveable.specs], shapes))
        with control_dependencies(done):
            return no_op(name=name)

    def _sharded_restore(
        self,
        prefix: Any,
        shards: Sequence[tuple[str, Sequence[objects.SaveableObject]]],
        reshape: bool,
        sequentially: bool,
    ) -> Operation:
        done = []
        for number, (where, saveables) in enumerate(shards):
            with objects.on(where):
                done.append(self._restore(prefix, saveables, reshape, sequentially, "restore_shard", number))
        return exported("group")(*done, name="restore_all")


class BulkSaverBuilder(BaseSaverBuilder):
    """Reads all tensors of a device in one operation: what a `Saver` uses by itself."""

    def bulk_restore(
        self, filename_tensor: Any, saveables: Sequence[objects.SaveableObject], preferred_shard: int,
        restore_sequentially: bool,
    ) -> list[Any]:  # fmt: skip
        """Return the tensors of all saveables, read by one operation; see `BaseSaverBuilder.bulk_restore`."""
        specs = [spec for saveable in saveables for spec in saveable.specs]
        with device(_on_cpu(None) if not saveables[0].device else _on_cpu(saveables[0].device)):
            return restored(filename_tensor, specs)


def restored(prefix: Any, specs: Sequence[objects.SaveSpec]) -> list[Any]:
    """Return the tensors that a checkpoint has.

    Args:
        prefix: The checkpoint's.
        specs: Which.
    """
    return op(
        "RestoreV2", prefix=prefix, tensor_names=[spec.name for spec in specs],
        shape_and_slices=[spec.slice_spec for spec in specs], dtypes=[spec.dtype.base_dtype for spec in specs],
    )  # fmt: skip


def _shape_of(tensor: Any) -> Any:
    shape = tensor.get_shape()
    return shape if shape.is_fully_defined() else exported("shape")(tensor)


def by_device(saveables: Sequence[objects.SaveableObject]) -> list[tuple[str, list[objects.SaveableObject]]]:
    """Return the saveables of each device, the devices sorted.

    Args:
        saveables: All of them.

    Raises:
        ValueError: The tensors of one are on several devices.
    """
    found: dict[str, list[objects.SaveableObject]] = {}
    for saveable in saveables:
        where = saveable.device or ""
        for spec in saveable.specs:
            if (spec.device or "") != where:
                raise ValueError(
                    f"All tensors of a saveable object must be on the same device: {saveable.name} has some on "
                    f"{where!r} and some on {spec.device!r}."
                )
        found.setdefault(where, []).append(saveable)
    return sorted(found.items())
