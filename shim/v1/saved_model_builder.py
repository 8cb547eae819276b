"""SavedModels written: `tf.saved_model.Builder`, `tf.saved_model.simple_save`, operations that initialise them."""

import os
import shutil
from collections.abc import Mapping, Sequence
from typing import Any

from onevar.core.default_graph import add_to_collection, get_collection
from onevar.core.graph_def import protos
from onevar.core.graph_def_messages import SAVED_MODEL, message_class
from onevar.core.operation import Operation, Tensor
from onevar.v1 import saved_model_names as names
from onevar.v1 import saved_model_signatures as signatures
from onevar.v1 import tf_logging as logging
from onevar.v1.export import export, exported, is_exported
from onevar.v1.file_io import local_path
from onevar.v1.graph_io import write_message
from onevar.v1.grouping_ops import group
from onevar.v1.saver import Saver
from onevar.v1.variable_collections import (
    all_saveable_objects,
    global_variables_initializer,
    local_variables_initializer,
)

_ASSET_TYPE = "type.googleapis.com/tensorflow.AssetFileDef"


@export("saved_model.Builder", "saved_model.builder.SavedModelBuilder")
class SavedModelBuilder:
    """Writes a SavedModel: graphs with tags and signatures, and the values of their variables.

    Args:
        export_dir: The folder; it has to be empty, or not there.

    Raises:
        AssertionError: There is something in it.
    """

    def __init__(self, export_dir: Any):
        self._message = message_class(SAVED_MODEL)()
        self._message.saved_model_schema_version = names.SAVED_MODEL_SCHEMA_VERSION
        self._export_dir = local_path(export_dir)
        if os.path.exists(self._export_dir) and os.listdir(self._export_dir):
            raise AssertionError(
                f"Export directory {export_dir} already exists, and isn't empty. Please choose a different export "
                "directory, or delete all the contents of the specified directory."
            )
        os.makedirs(self._export_dir, exist_ok=True)
        self._has_saved_variables = False

    @property
    def _saved_model(self) -> Any:
        return self._message

    def add_meta_graph_and_variables(
        self, sess: Any, tags: Sequence[str], signature_def_map: Mapping[str, Any] | None = None,
        assets_collection: Any = None, legacy_init_op: Any = None, clear_devices: bool = False, main_op: Any = None,
        strip_default_attrs: bool = False, saver: Any = None,
    ) -> None:  # fmt: skip
        """Add the default graph, and the values that its variables have in a Session.

        Args:
            sess: The Session.
            tags: What the graph is found by.
            signature_def_map: `SignatureDef`s by name.
            assets_collection: Tensors that hold paths of files that belong to the model.
            legacy_init_op: The older name of `main_op`.
            clear_devices: Whether devices are left out.
            main_op: An operation that runs when the model is loaded.
            strip_default_attrs: Whether attributes that say the default are left out.
            saver: What saves the variables; None makes one of all.

        Raises:
            AssertionError: Variables have been saved before, or a signature is incomplete.
            ValueError: The graph has such an operation already.
            TypeError: `main_op` is no operation.
        """
        if self._has_saved_variables:
            raise AssertionError(
                "Graph state including variables and assets has already been saved. Please invoke `add_meta_graph()` "
                "instead."
            )
        _check_signatures(signature_def_map or {})
        self._collect(assets_collection, legacy_init_op if main_op is None else main_op)
        folder = os.path.join(self._export_dir, names.VARIABLES_DIRECTORY)
        os.makedirs(folder, exist_ok=True)
        saver = _saver(saver)
        path = os.path.join(folder, names.VARIABLES_FILENAME)
        saver.save(sess, path, write_meta_graph=False, write_state=False)
        self._add(saver, tags, signature_def_map, clear_devices, strip_default_attrs)
        self._has_saved_variables = True

    def add_meta_graph(
        self, tags: Sequence[str], signature_def_map: Mapping[str, Any] | None = None, assets_collection: Any = None,
        legacy_init_op: Any = None, clear_devices: bool = False, main_op: Any = None,
        strip_default_attrs: bool = False, saver: Any = None,
    ) -> None:  # fmt: skip
        """Add the default graph, which uses variables that have been saved before.

        Args:
            tags: What the graph is found by.
            signature_def_map: `SignatureDef`s by name.
            assets_collection: Tensors that hold paths of files that belong to the model.
            legacy_init_op: The older name of `main_op`.
            clear_devices: Whether devices are left out.
            main_op: An operation that runs when the model is loaded.
            strip_default_attrs: Whether attributes that say the default are left out.
            saver: What restores the variables; None makes one of all.

        Raises:
            AssertionError: No variables have been saved before, or a signature is incomplete.
            ValueError: The graph has such an operation already.
            TypeError: `main_op` is no operation.
        """
        if not self._has_saved_variables:
            raise AssertionError(
                "Graph state including variables and assets has not been saved yet. Please invoke "
                "`add_meta_graph_and_variables()` first."
            )
        _check_signatures(signature_def_map or {})
        self._collect(assets_collection, legacy_init_op if main_op is None else main_op)
        self._add(_saver(saver), tags, signature_def_map, clear_devices, strip_default_attrs)

    def save(
        self, as_text: bool = False, experimental_image_format: bool = False,
        experimental_image_writer_options: Any = None,
    ) -> bytes:  # fmt: skip
        """Write the message; return the path of its file.

        Args:
            as_text: Whether it is written as text.
            experimental_image_format: Not offered.
            experimental_image_writer_options: Not offered.

        Raises:
            NotImplementedError: An experimental format is asked for.
        """
        if experimental_image_format or experimental_image_writer_options is not None:
            raise NotImplementedError(
                "SavedModelBuilder.save: proto splitting (experimental_image_format) is not offered."
            )
        os.makedirs(self._export_dir, exist_ok=True)
        name = names.SAVED_MODEL_FILENAME_PBTXT if as_text else names.SAVED_MODEL_FILENAME_PB
        path = os.path.join(self._export_dir, name)
        write_message(self._message, path, as_text)
        logging.info("SavedModel written to: %s", path)
        return path.encode()

    def _add(self, saver: Any, tags: Sequence[str], signature_defs: Any, clear: bool, strip: bool) -> None:
        meta = saver.export_meta_graph(clear_devices=clear, strip_default_attrs=strip)
        meta.meta_info_def.tags.extend(list(tags))
        for key, signature in (signature_defs or {}).items():
            meta.signature_def[key].CopyFrom(signature)
        for item in get_collection(names.ASSETS_KEY):
            meta.asset_file_def.append(item)
            # Where TensorFlow 1 looks for it.
            listed = meta.collection_def[names.ASSETS_KEY].any_list.value.add()
            listed.type_url, listed.value = _ASSET_TYPE, item.SerializeToString()
        self._message.meta_graphs.add().CopyFrom(meta)

    def _collect(self, assets: Any, main_op: Any) -> None:
        self._add_assets(assets)
        if main_op is None:
            return
        if not isinstance(main_op, Operation):
            raise TypeError(f"Expected {main_op} to be an Operation but got type {type(main_op)} instead.")
        for key in (names.MAIN_OP_KEY, names.LEGACY_INIT_OP_KEY):
            if get_collection(key):
                raise ValueError(f"Graph already contains one or more main ops under the collection {key}.")
        add_to_collection(names.MAIN_OP_KEY, main_op)

    def _add_assets(self, tensors: Any) -> None:
        copied: dict[str, str] = {}
        for tensor in tensors or ():
            path = _asset_path(tensor)
            name = _unique(path, copied)
            item = protos().AssetFileDef(filename=name)
            item.tensor_info.name = tensor.name
            add_to_collection(names.ASSETS_KEY, item)
        if not copied:
            logging.info("No assets to write.")
            return
        folder = os.path.join(self._export_dir, names.ASSETS_DIRECTORY)
        os.makedirs(folder, exist_ok=True)
        for name, path in copied.items():
            target = os.path.join(folder, name)
            if not os.path.exists(target):
                shutil.copyfile(local_path(path), target)
        logging.info("Assets written to: %s", folder)


def _unique(path: str, copied: dict[str, str]) -> str:
    """Return the name of the copy of a file; other files of that name have others."""
    base = os.path.basename(path)
    name, count = base, 0
    while copied.get(name, path) != path:
        count += 1
        name = f"{base}_{count}"
    copied[name] = path
    return name


def _asset_path(tensor: Any) -> str:
    if not isinstance(tensor, Tensor) or tensor.dtype.base_dtype.key != "string" or tensor.op.type != "Const":
        raise ValueError(f"Invalid asset filepath tensor {tensor}: a string constant is wanted.")
    return tensor.op.attrs["value"].reshape(-1)[0].decode()


def _saver(saver: Any) -> Any:
    if saver is None:
        return Saver(all_saveable_objects(), sharded=True, allow_empty=True)
    if not isinstance(saver, Saver):
        raise TypeError(f"Expected saver to be a Saver. Received: {type(saver)}.")
    return saver


def _check_signatures(found: Mapping[str, Any]) -> None:
    for key, signature in found.items():
        for info in (*signature.inputs.values(), *signature.outputs.values()):
            if key == names.INIT_OP_SIGNATURE_KEY:
                continue
            if info.WhichOneof("encoding") is None:
                raise AssertionError(
                    f"Invalid `tensor_info` protos used in the SignatureDefs must have the name field set: {info}"
                )
            if not info.dtype:
                raise AssertionError(
                    f"All TensorInfo protos used in the SignatureDefs must have the dtype field set: {info}"
                )


@export("saved_model.simple_save")
def simple_save(
    session: Any, export_dir: Any, inputs: Mapping[str, Any], outputs: Mapping[str, Any], legacy_init_op: Any = None
) -> None:
    """Write a Session's graph and variables as a SavedModel with one signature, for predictions.

    Args:
        session: The Session.
        export_dir: The folder; it has to be empty, or not there.
        inputs: Tensors by name.
        outputs: Tensors by name.
        legacy_init_op: An operation that runs when the model is loaded.

    Raises:
        AssertionError: There is something in the folder.
    """
    key = "serving_default"
    with session.graph.as_default():
        builder = SavedModelBuilder(export_dir)
        builder.add_meta_graph_and_variables(
            session, ["serve"],
            signature_def_map={key: signatures.predict_signature_def(inputs, outputs)},
            assets_collection=get_collection("asset_filepaths"), main_op=legacy_init_op, clear_devices=True,
        )  # fmt: skip
        builder.save()


@export("saved_model.main_op.main_op")
def main_op() -> Any:
    """Return an operation that initialises variables and tables."""
    return group(global_variables_initializer(), local_variables_initializer(), *_tables())


def _tables() -> list[Any]:
    return [exported("tables_initializer")()] if is_exported("tables_initializer") else []


@export("saved_model.main_op_with_restore", "saved_model.main_op.main_op_with_restore")
def main_op_with_restore(restore_op_name: str) -> Any:
    """Return an operation that initialises, and names the one that restores.

    Args:
        restore_op_name: The name of that operation.
    """
    from onevar.core.default_graph import control_dependencies

    with control_dependencies([main_op()]):
        return group(restore_op_name_to_op(restore_op_name))


def restore_op_name_to_op(name: str) -> Operation:
    """Return the operation that restores, by its name."""
    from onevar.core.default_graph import get_default_graph

    return get_default_graph().get_operation_by_name(name.partition(":")[0])
