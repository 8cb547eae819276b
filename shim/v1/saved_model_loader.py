"""SavedModels read: `tf.saved_model.load` of TensorFlow 1, of graphs written here or by TensorFlow."""

import os
from collections.abc import Iterable
from typing import Any

from onevar.core.graph_def import protos
from onevar.core.graph_def_messages import SAVED_MODEL, message_class
from onevar.v1 import meta_graph
from onevar.v1 import saved_model_names as names
from onevar.v1 import tf_logging as logging
from onevar.v1.export import export
from onevar.v1.file_io import local_path
from onevar.v1.saver import Saver
from onevar.v1.variable_collections import all_saveable_objects
from onevar.v1.variable_proto import below


@export("python.saved_model.loader_impl.parse_saved_model", "python.saved_model.loader_impl._parse_saved_model")
def parse_saved_model(export_dir: Any) -> Any:
    """Return the `SavedModel` message of a folder.

    Args:
        export_dir: The folder.

    Raises:
        OSError: There is none, or it cannot be read.
    """
    from google.protobuf import text_format
    from google.protobuf.message import DecodeError

    folder = local_path(export_dir)
    binary, text = (
        os.path.join(folder, name) for name in (names.SAVED_MODEL_FILENAME_PB, names.SAVED_MODEL_FILENAME_PBTXT)
    )
    kind = message_class(SAVED_MODEL)
    if os.path.isfile(binary):
        with open(binary, "rb") as file:
            try:
                return kind.FromString(file.read())
            except DecodeError as error:
                raise OSError(f"Cannot parse file {binary}: {error}.") from error
    if os.path.isfile(text):
        with open(text, "rb") as file:
            try:
                return text_format.Parse(file.read(), kind())
            except text_format.ParseError as error:
                raise OSError(f"Cannot parse file {text}: {error}.") from error
    raise OSError(
        f"SavedModel file does not exist at: {export_dir}{os.path.sep}{{{names.SAVED_MODEL_FILENAME_PBTXT}|"
        f"{names.SAVED_MODEL_FILENAME_PB}}}"
    )


@export("saved_model.contains_saved_model", "saved_model.maybe_saved_model_directory",
        "saved_model.loader.maybe_saved_model_directory")  # fmt: skip
def maybe_saved_model_directory(export_dir: Any) -> bool:
    """Whether a folder has a SavedModel.

    Args:
        export_dir: The folder.
    """
    folder = local_path(export_dir)
    found = (names.SAVED_MODEL_FILENAME_PB, names.SAVED_MODEL_FILENAME_PBTXT)
    return any(os.path.isfile(os.path.join(folder, name)) for name in found)


@export("saved_model.load", "saved_model.loader.load")
def load(sess: Any, tags: Iterable[str], export_dir: Any, import_scope: str | None = None, **saver_kwargs: Any) -> Any:
    """Load a graph of a SavedModel into a Session, with its variables; return its `MetaGraphDef`.

    Args:
        sess: The Session, whose graph gets the operations.
        tags: What the graph is found by.
        export_dir: The folder.
        import_scope: What is put before names.
        **saver_kwargs: More for `tf.train.import_meta_graph`.

    Raises:
        OSError: There is no SavedModel.
        RuntimeError: It has no graph of these tags.
    """
    return SavedModelLoader(export_dir).load(sess, tags, import_scope, **saver_kwargs)


@export("python.saved_model.loader_impl.SavedModelLoader")
class SavedModelLoader:
    """Reads a SavedModel, step by step.

    Args:
        export_dir: The folder.

    Raises:
        OSError: There is no SavedModel.
    """

    def __init__(self, export_dir: Any):
        self._export_dir = local_path(export_dir)
        self._saved_model = parse_saved_model(export_dir)

    @property
    def export_dir(self) -> str:
        """The folder."""
        return self._export_dir

    @property
    def variables_path(self) -> str:
        """The prefix of the checkpoint in it."""
        return os.path.join(self._export_dir, names.VARIABLES_DIRECTORY, names.VARIABLES_FILENAME)

    @property
    def saved_model(self) -> Any:
        """The message."""
        return self._saved_model

    def get_meta_graph_def_from_tags(self, tags: Iterable[str]) -> Any:
        """Return the `MetaGraphDef` of some tags.

        Args:
            tags: All of them.

        Raises:
            RuntimeError: There is none.
        """
        wanted = set(tags)
        available = [set(meta.meta_info_def.tags) for meta in self._saved_model.meta_graphs]
        for meta, own in zip(self._saved_model.meta_graphs, available, strict=True):
            if own == wanted:
                return meta
        raise RuntimeError(
            f"MetaGraphDef associated with tags {str(tags).strip('[]')} could not be found in SavedModel, with "
            f"available tags '{available}'. To inspect available tag-sets in the SavedModel, please use the SavedModel "
            "CLI: `saved_model_cli`."
        )

    def load_graph(
        self, graph: Any, tags: Iterable[str], import_scope: str | None = None, **saver_kwargs: Any
    ) -> tuple[Any, Any]:
        """Make the operations; return a Saver of the variables, and what `return_elements` names.

        Args:
            graph: Where.
            tags: What the graph is found by.
            import_scope: What is put before names.
            **saver_kwargs: More for `tf.train.import_meta_graph`.

        Raises:
            RuntimeError: There is no graph of these tags.
        """
        meta = self.get_meta_graph_def_from_tags(tags)
        with graph.as_default():
            variables, elements = meta_graph.import_scoped_meta_graph_with_return_elements(
                meta, import_scope=import_scope, **saver_kwargs
            )
            return meta_graph.saver_of(meta, import_scope, variables), elements

    def restore_variables(self, sess: Any, saver: Any, import_scope: str | None = None) -> None:
        """Give the variables their values.

        Args:
            sess: The Session.
            saver: As `load_graph` returned it.
            import_scope: What is put before names.

        Raises:
            ValueError: There are variables and no Saver.
        """
        with sess.graph.as_default():
            if isinstance(saver, Saver):
                if os.path.exists(f"{self.variables_path}.index"):
                    saver.restore(sess, self.variables_path)
            elif saver is None and not all_saveable_objects(scope=import_scope):
                logging.info("The specified SavedModel has no variables; no checkpoints were restored.")
            else:
                raise ValueError(
                    "No tf.train.Saver object was passed to the function `SavedModelLoader.restore_variables`. Since "
                    "there are variables in the graph, a saver is required."
                )

    def run_init_ops(self, sess: Any, tags: Iterable[str], import_scope: str | None = None) -> None:
        """Run what initialises the model.

        Args:
            sess: The Session.
            tags: What the graph is found by.
            import_scope: What is put before names.
        """
        meta = self.get_meta_graph_def_from_tags(tags)
        with sess.graph.as_default():
            init = _init_op(meta, sess.graph, import_scope)
            if init is not None:
                sess.run([init], _assets(self._export_dir, meta, import_scope))

    def load(self, sess: Any, tags: Iterable[str], import_scope: str | None = None, **saver_kwargs: Any) -> Any:
        """Do all steps; return the `MetaGraphDef`. See `tf.saved_model.load`."""
        saver, _ = self.load_graph(sess.graph, tags, import_scope, **saver_kwargs)
        self.restore_variables(sess, saver, import_scope)
        self.run_init_ops(sess, tags, import_scope)
        return self.get_meta_graph_def_from_tags(tags)


def _init_op(meta: Any, graph: Any, import_scope: str | None) -> Any:
    if names.INIT_OP_SIGNATURE_KEY in meta.signature_def:
        info = meta.signature_def[names.INIT_OP_SIGNATURE_KEY].outputs[names.INIT_OP_SIGNATURE_KEY]
        return graph.as_graph_element(below(info.name, import_scope))
    for key in (names.MAIN_OP_KEY, names.LEGACY_INIT_OP_KEY):
        if key in meta.collection_def:
            found = meta.collection_def[key].node_list.value
            if len(found) != 1:
                raise RuntimeError(f"Expected exactly one SavedModel init op. Found {len(found)}: {list(found)}.")
            return graph.as_graph_element(below(found[0], import_scope))
    return None


def _assets(folder: str, meta: Any, import_scope: str | None) -> dict[str, str]:
    """Return what tensors that hold paths of assets are fed."""
    items = list(meta.asset_file_def)
    if not items and names.ASSETS_KEY in meta.collection_def:
        listed = meta.collection_def[names.ASSETS_KEY].any_list.value
        items = [protos().AssetFileDef.FromString(item.value) for item in listed]
    return {
        below(item.tensor_info.name, import_scope): os.path.join(folder, names.ASSETS_DIRECTORY, item.filename)
        for item in items
    }
