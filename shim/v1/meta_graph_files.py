"""`tf.train.export_meta_graph`, `tf.train.import_meta_graph`, and the `.meta` file beside a checkpoint."""

import re
from typing import Any

from onevar.core.default_graph import get_default_graph
from onevar.errors import FrameworkMissing
from onevar.v1 import tf_logging as logging
from onevar.v1.export import export

_said: list[bool] = []


@export("train.export_meta_graph")
def export_meta_graph(
    filename: str | None = None, meta_info_def: Any = None, graph_def: Any = None, saver_def: Any = None,
    collection_list: Any = None, as_text: bool = False, graph: Any = None, export_scope: str | None = None,
    clear_devices: bool = False, clear_extraneous_savers: bool = False, strip_default_attrs: bool = False,
    save_debug_info: bool = False, **kwargs: Any,
) -> Any:  # fmt: skip
    """Return a graph as a `MetaGraphDef`: its operations, its collections, and what saves its variables.

    TensorFlow reads it. Gradients that were made here are run by onevar alone: in TensorFlow they have to be asked for
    again with `tf.gradients`, everything else runs there.

    Args:
        filename: Where it is written to, if anywhere.
        meta_info_def: What it says of itself.
        graph_def: The operations; None takes the graph's.
        saver_def: What saves the variables.
        collection_list: Names of the collections that are written; None is all.
        as_text: Whether the file is text.
        graph: The graph; None is the default one.
        export_scope: Only what is below it, which is left out of names.
        clear_devices: Whether devices are left out.
        clear_extraneous_savers: Whether other savers' operations are left out.
        strip_default_attrs: Whether attributes that say the default are left out.
        save_debug_info: Accepted: where operations were made is not written.
        **kwargs: Accepted.

    Raises:
        ValueError: Eagerly.
        TypeError: An argument is of another kind.
        FrameworkMissing: The tensorboard package, which has the messages, is not installed.
    """
    from onevar.v1 import meta_graph  # few programs need the messages

    return meta_graph.export_scoped_meta_graph(
        filename=filename, meta_info_def=meta_info_def, graph_def=graph_def, saver_def=saver_def,
        collection_list=collection_list, as_text=as_text, graph=graph, export_scope=export_scope,
        clear_devices=clear_devices, clear_extraneous_savers=clear_extraneous_savers,
        strip_default_attrs=strip_default_attrs, save_debug_info=save_debug_info, **kwargs,
    )[0]  # fmt: skip


@export("train.import_meta_graph")
def import_meta_graph(
    meta_graph_or_file: Any, clear_devices: bool = False, import_scope: str | None = None, **kwargs: Any
) -> Any:
    """Make the operations and collections of a `MetaGraphDef`, and return a Saver of its variables.

    Args:
        meta_graph_or_file: The message, or a file that holds it, such as the `.meta` file beside a checkpoint.
        clear_devices: Whether devices are left out.
        import_scope: What is put before names.
        **kwargs: More for `import_scoped_meta_graph`: `input_map`, `return_elements`.

    Returns:
        A Saver; None if there are no variables. With `return_elements`, that and what they name.

    Raises:
        ValueError: Eagerly; or the message contradicts itself.
        OSError: There is no such file, or it holds no such message.
        FrameworkMissing: The tensorboard package, which has the messages, is not installed.
    """
    from onevar.v1 import meta_graph

    meta = meta_graph.as_meta_graph(meta_graph_or_file)
    variables, _ = meta_graph.import_scoped_meta_graph_with_return_elements(
        meta, clear_devices=clear_devices, import_scope=import_scope, **kwargs
    )
    return meta_graph.saver_of(meta, import_scope, variables)


def meta_graph_filename(checkpoint_filename: str, meta_graph_suffix: str = "meta") -> str:
    """Return the path of the graph's file beside a checkpoint.

    Args:
        checkpoint_filename: The checkpoint's prefix, which may be that of one of its shards.
        meta_graph_suffix: Of the file.
    """
    return f"{re.sub(r'-[?0-9]+-of-[?0-9]+$', '', checkpoint_filename)}.{meta_graph_suffix}"


def write_beside(saver: Any, graph: Any, path: str, suffix: str, strip_default_attrs: bool) -> None:
    """Write the graph's file beside a checkpoint; without the package that has the messages there is none.

    Args:
        saver: The Saver.
        graph: The graph.
        path: The checkpoint's prefix.
        suffix: Of the file.
        strip_default_attrs: Whether attributes that say the default are left out.
    """
    try:
        with graph.as_default():
            saver.export_meta_graph(meta_graph_filename(path, suffix), strip_default_attrs=strip_default_attrs)
    except FrameworkMissing as error:
        if not _said:
            _said.append(True)
            logging.warning("No .meta file is written beside checkpoints: %s", error)


class MetaGraphs:
    """What a Saver has to do with graphs' files."""

    saver_def: Any

    def export_meta_graph(
        self, filename: str | None = None, collection_list: Any = None, as_text: bool = False,
        export_scope: str | None = None, clear_devices: bool = False, clear_extraneous_savers: bool = False,
        strip_default_attrs: bool = False, save_debug_info: bool = False,
    ) -> Any:  # fmt: skip
        """Return the default graph as a `MetaGraphDef` that names this Saver; see `tf.train.export_meta_graph`.

        Args:
            filename: Where it is written to, if anywhere.
            collection_list: Names of the collections that are written; None is all.
            as_text: Whether the file is text.
            export_scope: Only what is below it, which is left out of names.
            clear_devices: Whether devices are left out.
            clear_extraneous_savers: Whether other savers' operations are left out.
            strip_default_attrs: Whether attributes that say the default are left out.
            save_debug_info: Accepted: where operations were made is not written.

        Raises:
            ValueError: Eagerly.
            FrameworkMissing: The tensorboard package, which has the messages, is not installed.
        """
        return export_meta_graph(
            filename=filename, graph_def=get_default_graph().as_graph_def(add_shapes=True), saver_def=self.saver_def,
            collection_list=collection_list, as_text=as_text, export_scope=export_scope, clear_devices=clear_devices,
            clear_extraneous_savers=clear_extraneous_savers, strip_default_attrs=strip_default_attrs,
            save_debug_info=save_debug_info,
        )  # fmt: skip
