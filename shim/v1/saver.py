"""`tf.train.Saver`: saves the variables of a Session in TensorFlow's checkpoint format V2, and restores them."""

import os
from typing import Any

from onevar.core.bundle import Reader, checkpoint_state
from onevar.core.context import executing_eagerly
from onevar.core.op_errors import FailedPreconditionError, InvalidArgumentError, NotFoundError, OpError
from onevar.core.operation import Operation, Tensor
from onevar.core.session import BaseSession
from onevar.v1 import meta_graph_files, restore_checks, saver_eager
from onevar.v1 import tf_logging as logging
from onevar.v1.export import export
from onevar.v1.file_io import local_path
from onevar.v1.global_steps import global_step as value_of_step
from onevar.v1.meta_graph_files import MetaGraphs
from onevar.v1.saver_builder import BulkSaverBuilder
from onevar.v1.saver_def import V2, SaverDef, is_saver_def
from onevar.v1.saver_history import History
from onevar.v1.variable_collections import all_saveable_objects
from onevar.v1.variable_proto import below, without

_RESTORE_FAILED = (
    "Restoring from checkpoint failed. This is most likely due to {} from the checkpoint. Please ensure that you have "
    "not altered the graph expected based on the checkpoint. Original error:\n\n{}"
)


@export("train.Saver")
class Saver(MetaGraphs, History):
    """Saves and restores variables; with every argument and method of `tf.compat.v1.train.Saver`.

    Whenever the process dies, each checkpoint is complete or not there, and the file `checkpoint` names a complete one.
    A restore that fails leaves all variables as they were. Checkpoints of TensorFlow 2's `tf.train.Checkpoint` are
    restored by the names of their variables.

    A `.meta` file is written beside each checkpoint: `tf.train.import_meta_graph` builds the graph again from it.

    Args:
        var_list: What is saved: a list of variables and saveable objects, or a dictionary from names in the checkpoint;
            None takes the graph's global variables and saveable objects.
        reshape: Whether a tensor may be restored into a variable of another shape and the same size.
        sharded: Whether each device's variables are written on their own first.
        max_to_keep: How many checkpoints are kept; None and 0 keep all.
        keep_checkpoint_every_n_hours: One checkpoint in this many hours is kept for ever.
        name: Of the operations' scope, `save`.
        restore_sequentially: Accepted: tensors are read one after the other.
        saver_def: A `SaverDef` that names existing operations; nothing is built then.
        builder: A `BaseSaverBuilder` that makes the operations.
        defer_build: Whether operations are built only when `build()` is called.
        allow_empty: Whether it is no error that there is nothing to save.
        write_version: Accepted: the format V2 is written.
        pad_step_number: Whether steps have eight digits in names.
        save_relative_paths: Whether the file `checkpoint` has relative paths, so that the folder can be moved.
        filename: The prefix where the operations are run without one.

    Raises:
        ValueError: There is nothing to save, or something twice; `saver_def` lacks a name.
        TypeError: `var_list` holds what is no variable.
        RuntimeError: Eagerly, without `var_list`.
    """

    def __init__(
        self, var_list: Any = None, reshape: bool = False, sharded: bool = False, max_to_keep: int | None = 5,
        keep_checkpoint_every_n_hours: float = 10000.0, name: str | None = None, restore_sequentially: bool = False,
        saver_def: Any = None, builder: Any = None, defer_build: bool = False, allow_empty: bool = False,
        write_version: int = V2, pad_step_number: bool = False, save_relative_paths: bool = False,
        filename: str | None = None,
    ):  # fmt: skip
        if defer_build and var_list:
            raise ValueError(
                "If `var_list` is provided then build cannot be deferred. Either set defer_build=False or "
                "var_list=None."
            )
        self._eager = executing_eagerly()
        if self._eager and var_list is None:
            raise RuntimeError(
                "When eager execution is enabled, `var_list` must specify a list or dict of variables to save"
            )
        self._var_list = var_list
        self._options: dict[str, Any] = {
            "reshape": reshape, "sharded": sharded, "max_to_keep": max_to_keep,
            "keep_checkpoint_every_n_hours": keep_checkpoint_every_n_hours, "name": name,
            "restore_sequentially": restore_sequentially, "filename": filename,
        }  # fmt: skip
        super().__init__(max_to_keep, keep_checkpoint_every_n_hours, pad_step_number)
        self._allow_empty = allow_empty
        self._save_relative_paths = save_relative_paths
        self._builder = BulkSaverBuilder(write_version) if builder is None else builder
        self._write_version = write_version
        self._is_built = False
        self._is_empty = False
        self.saver_def = saver_def
        if saver_def is not None:
            self._adopt(saver_def)
        elif not defer_build:
            self.build()

    # -- its operations -----------------------------------------------------------------------------

    def build(self) -> None:
        """Build the operations, where `defer_build` put that off.

        Raises:
            RuntimeError: Eagerly.
            ValueError: There is nothing to save.
            TypeError: Something cannot be saved.
        """
        if self._is_built:
            return
        if self._var_list is None:
            self._var_list = all_saveable_objects()
        self._is_built = True
        if not self._var_list:
            if not self._allow_empty:
                self._is_built = False
                raise ValueError("No variables to save")
            self._is_empty = True
            return
        if self._eager:
            saver_eager.check(self._var_list)
        else:
            self.saver_def = self._builder.build(self._var_list, **self._options)

    def _adopt(self, saver_def: Any) -> None:
        if not is_saver_def(saver_def):
            raise ValueError(f"saver_def must be a saver_pb2.SaverDef: {saver_def}")
        for field in ("save_tensor_name", "restore_op_name"):
            if not getattr(saver_def, field):
                raise ValueError(f"saver_def must specify the {field}: {saver_def}")
        self._is_built = True
        self._keep(saver_def.max_to_keep, saver_def.keep_checkpoint_every_n_hours)

    def as_saver_def(self) -> Any:
        """Return the `SaverDef`; None before `build()`."""
        return self.saver_def

    def to_proto(self, export_scope: str | None = None) -> SaverDef | None:
        """Return a `SaverDef` whose names are below `export_scope`, or None if these operations are not.

        Args:
            export_scope: A name scope that is left out of the names.
        """
        given = self.saver_def
        if export_scope is None:
            return given
        if not given.filename_tensor_name.startswith(export_scope):
            return None
        return _renamed(given, lambda name: without(name, export_scope))

    @staticmethod
    def from_proto(saver_def: Any, import_scope: str | None = None) -> "Saver":
        """Return a Saver of operations that the graph has.

        Args:
            saver_def: A `SaverDef` that names them.
            import_scope: What is put before the names in it.

        Raises:
            ValueError: It is no `SaverDef`.
        """
        if not is_saver_def(saver_def):
            raise ValueError(f"saver_def must be a saver_pb2.SaverDef: {saver_def}")
        return Saver(saver_def=_renamed(saver_def, lambda name: below(name, import_scope)), name=import_scope)

    # -- saving -------------------------------------------------------------------------------------

    def save(
        self, sess: Any, save_path: Any, global_step: Any = None, latest_filename: str | None = None,
        meta_graph_suffix: str = "meta", write_meta_graph: bool = True, write_state: bool = True,
        strip_default_attrs: bool = False, save_debug_info: bool = False,
    ) -> str | None:  # fmt: skip
        """Save the variables.

        Args:
            sess: The Session whose values are saved; None eagerly.
            save_path: The prefix, `"folder/model.ckpt"`.
            global_step: A number that is appended to it: an int, or a tensor or variable of the Session.
            latest_filename: The name of the file that lists the checkpoints; None is `checkpoint`.
            meta_graph_suffix: Of the graph's file, which is removed along with an old checkpoint.
            write_meta_graph: Whether the graph is written beside it, to a file that `import_meta_graph` reads.
            write_state: Whether the file that lists the checkpoints is written and old ones are removed.
            strip_default_attrs: Whether the graph's attributes that say the default are left out.
            save_debug_info: Accepted: where operations were made is not written.

        Returns:
            The checkpoint's prefix, for `restore`; None if there is nothing to save and that is allowed.

        Raises:
            RuntimeError: `build()` was not called.
            ValueError: The folder does not exist, or the names collide.
            TypeError: `sess` is no Session.
            OpError: A variable has no value; a file cannot be written. The old checkpoint is as it was.
        """
        self._check_built("save")
        prefix = local_path(save_path)
        if latest_filename is None:
            latest_filename = checkpoint_state.DEFAULT_NAME
        if os.path.split(latest_filename)[0]:
            raise ValueError("'latest_filename' must not contain path components")
        if not prefix:
            raise ValueError("Saver.save(save_path=''): no path specified.")
        path = self._checkpoint_path(sess, prefix, global_step, latest_filename)
        if not self._eager and not isinstance(sess, BaseSession):
            raise TypeError(f"'sess' must be a Session; {sess}")
        if self._is_empty:
            return None
        try:
            self._write(sess, path)
        except (FailedPreconditionError, NotFoundError) as error:
            if os.path.isdir(os.path.dirname(prefix) or "."):
                raise
            raise ValueError(f"Parent directory of {prefix} doesn't exist, can't save.") from error
        if write_state:
            self._record(path, latest_filename, meta_graph_suffix)
        if write_meta_graph and not self._eager:
            meta_graph_files.write_beside(self, sess.graph, path, meta_graph_suffix, strip_default_attrs)
        return path

    def _checkpoint_path(self, sess: Any, prefix: str, global_step: Any, latest_filename: str) -> str:
        if global_step is not None:
            step = global_step if _is_integral(global_step) else value_of_step(sess, global_step)
            return f"{prefix}-{int(step):08d}" if self._pad_step_number else f"{prefix}-{int(step)}"
        if os.path.basename(prefix) == latest_filename and not self._options["sharded"]:
            # Without a step, the checkpoint's name would be that of the file that lists checkpoints.
            raise ValueError(f"'latest_filename' collides with 'save_path': '{latest_filename}' and '{prefix}'")
        return prefix

    def _write(self, sess: Any, path: str) -> None:
        if self._eager:
            saver_eager.save(self._var_list, path)
        else:
            sess.run(self.saver_def.save_tensor_name, {self.saver_def.filename_tensor_name: path})

    def _record(self, path: str, latest_filename: str, meta_graph_suffix: str) -> None:
        """List the new checkpoint in the folder's file, and remove those that are not kept."""
        self._RecordLastCheckpoint(path)
        checkpoint_state.update_checkpoint_state(
            save_dir=os.path.dirname(path), model_checkpoint_path=path,
            all_model_checkpoint_paths=self.last_checkpoints, latest_filename=latest_filename,
            save_relative_paths=self._save_relative_paths,
        )  # fmt: skip
        self._MaybeDeleteOldCheckpoints(meta_graph_suffix)

    def _check_built(self, doing: str) -> None:
        if not self._is_built:
            raise RuntimeError(f"`build()` should be called before {doing} if defer_build==True")

    # -- restoring ----------------------------------------------------------------------------------

    def restore(self, sess: Any, save_path: Any) -> None:
        """Give variables the values that they have in a checkpoint; they need not be initialised before.

        Args:
            sess: The Session; None eagerly.
            save_path: The checkpoint's prefix, as `save` and `tf.train.latest_checkpoint` return it.

        Raises:
            ValueError: There is no such checkpoint.
            NotFoundError: A variable is not in it, or a file is missing.
            InvalidArgumentError: A tensor is of another shape or dtype than its variable.
            DataLossError: A file is damaged.
            RuntimeError: `build()` was not called.
        """
        if self._is_empty:
            return
        if save_path is None:
            raise ValueError("Can't load save_path when it is None.")
        prefix = local_path(save_path)
        if not prefix or not checkpoint_state.checkpoint_exists(prefix):
            raise ValueError(f"The passed save_path is not a valid checkpoint: {prefix}")
        self._check_built("restore")
        logging.info("Restoring parameters from %s", prefix)
        Reader(prefix).close()  # What is wrong with the file itself is not a matter of the graph.
        try:
            self._read(sess, prefix)
        except NotFoundError as error:
            if not self._restore_objects(sess, prefix, error):
                raise _explained(error, "a Variable name or other graph key that is missing") from error
        except InvalidArgumentError as error:
            raise _explained(error, "a mismatch between the current graph and the graph") from error

    def _read(self, sess: Any, prefix: str) -> None:
        if self._eager:
            saver_eager.restore(self._var_list, prefix)
            return
        target, name = self._restoring(sess)
        restore_checks.check(target, name, prefix)
        sess.run(target, {name: prefix})

    def _restoring(self, sess: Any) -> tuple[Operation, Tensor]:
        graph = sess.graph
        target = graph.as_graph_element(self.saver_def.restore_op_name, False, True)
        return target, graph.as_graph_element(self.saver_def.filename_tensor_name, True, False)

    def _restore_objects(self, sess: Any, prefix: str, error: NotFoundError) -> bool:
        """Restore a checkpoint of TensorFlow 2, whose keys are paths of objects, by the variables' names."""
        keys = restore_checks.object_keys(prefix)
        if keys is None or self._eager:
            return False
        target, name = self._restoring(sess)
        values: dict[Tensor, Any] = {}
        with Reader(prefix) as reader:
            for read in restore_checks.reads_below(target, name):
                names, specs, _ = restore_checks.entries_of(read) or ([], [], [])
                missing = [key for key in names if key not in keys]
                if missing:
                    raise _explained(
                        NotFoundError(
                            None, error.op,
                            "Existing variables not in the checkpoint: " + ", ".join(sorted(missing))
                            + f". It is an object-based checkpoint, of the variables {', '.join(sorted(keys))}.",
                        ),
                        "a Variable name or other graph key that is missing",
                    ) from error  # fmt: skip
                for tensor, key, spec in zip(read.outputs, names, specs, strict=True):
                    values[tensor] = reader.read(keys[key], spec)
        restore_checks.check_values(target, name, values)
        logging.warning("Restoring an object-based checkpoint by the names of its variables; %s", prefix)
        sess.run(target, {name: prefix, **values})
        return True


def _is_integral(value: Any) -> bool:
    return hasattr(value, "__index__") and not hasattr(value, "op") and not hasattr(value, "initializer")


def _renamed(saver_def: Any, rename: Any) -> SaverDef:
    names = ("filename_tensor_name", "save_tensor_name", "restore_op_name")
    others = ("max_to_keep", "sharded", "keep_checkpoint_every_n_hours", "version")
    return SaverDef(
        **{name: rename(getattr(saver_def, name)) for name in names},
        **{name: getattr(saver_def, name) for name in others},
    )


def _explained(error: OpError, why: str) -> OpError:
    kind: Any = type(error)
    return kind(error.node_def, error.op, _RESTORE_FAILED.format(why, error.message))
