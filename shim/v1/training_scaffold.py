"""`tf.train.Scaffold`: the operations that start a session, each made where the program did not give it."""

from collections.abc import Callable, Mapping
from typing import Any

from onevar.core.default_graph import add_to_collection, get_collection, get_default_graph
from onevar.v1 import session_resources as resources
from onevar.v1 import tf_logging as logging
from onevar.v1.export import export, exported
from onevar.v1.graph_keys import GraphKeys
from onevar.v1.saver import Saver

#: The parts that a program can give, in the order of TensorFlow's arguments.
_PARTS = (
    "init_op", "init_feed_dict", "ready_op", "ready_for_local_init_op", "local_init_op", "summary_op", "saver",
    "local_init_feed_dict",
)  # fmt: skip


@export("train.Scaffold")
class Scaffold:
    """What a monitored session starts with; parts that are not given are made by `finalize()`.

    Args:
        init_op: Gives the variables their first values, where there is no checkpoint.
        init_feed_dict: What is fed to it.
        init_fn: Called after it with the scaffold and the session.
        ready_op: Returns the names of what has no value: all is well if it returns none.
        ready_for_local_init_op: The same, before `local_init_op`.
        local_init_op: Gives local variables and tables their values, in each session.
        summary_op: The merged summaries.
        saver: A `tf.train.Saver`.
        copy_from_scaffold: What is not given here is taken from this one.
        local_init_feed_dict: What is fed to `local_init_op`.

    Raises:
        TypeError: `copy_from_scaffold` is no Scaffold.
    """

    def __init__(
        self, init_op: Any = None, init_feed_dict: Mapping[Any, Any] | None = None, init_fn: Callable | None = None,
        ready_op: Any = None, ready_for_local_init_op: Any = None, local_init_op: Any = None, summary_op: Any = None,
        saver: Any = None, copy_from_scaffold: "Scaffold | None" = None,
        local_init_feed_dict: Mapping[Any, Any] | None = None,
    ):  # fmt: skip
        given = (
            init_op, init_feed_dict, ready_op, ready_for_local_init_op, local_init_op, summary_op, saver,
            local_init_feed_dict,
        )  # fmt: skip
        self._parts: dict[str, Any] = dict(zip(_PARTS, given, strict=True))
        self._user_init_fn = init_fn
        if copy_from_scaffold is not None:
            if not isinstance(copy_from_scaffold, Scaffold):
                raise TypeError("copy_from_scaffold is not a Scaffold instance.")
            if init_fn is None:
                self._user_init_fn = copy_from_scaffold._user_init_fn
            for name, part in self._parts.items():
                if part is None:
                    self._parts[name] = getattr(copy_from_scaffold, name)

    def finalize(self) -> "Scaffold":
        """Make what is missing, and finalize the graph.

        Returns:
            The scaffold.

        Raises:
            RuntimeError: A collection that is looked into has several candidates.
        """
        self._fill("init_op", GraphKeys.INIT_OP, _default_init_op)
        self._fill("ready_op", GraphKeys.READY_OP, _default_ready_op)
        self._fill("ready_for_local_init_op", GraphKeys.READY_FOR_LOCAL_INIT_OP, _default_ready_for_local_init_op)
        self._fill("local_init_op", GraphKeys.LOCAL_INIT_OP, Scaffold.default_local_init_op)
        self._fill("summary_op", GraphKeys.SUMMARY_OP, exported("summary.merge_all"))
        if self._parts["saver"] is None:
            self._parts["saver"] = saver_or_default()
        self._parts["saver"].build()
        get_default_graph().finalize()
        logging.info("Graph was finalized.")
        return self

    def _fill(self, name: str, key: str, make: Callable[[], Any]) -> None:
        if self._parts[name] is None:
            self._parts[name] = Scaffold.get_or_default(name, key, make)

    @property
    def init_fn(self) -> Callable[[Any], Any] | None:
        """Calls the program's function with the scaffold and a session; None if there is none."""
        user = self._user_init_fn
        return (lambda session: user(self, session)) if user else None

    init_op = property(lambda self: self._parts["init_op"], doc="Gives the variables their first values.")
    init_feed_dict = property(lambda self: self._parts["init_feed_dict"], doc="What is fed to `init_op`.")
    ready_op = property(lambda self: self._parts["ready_op"], doc="The names of what has no value.")
    ready_for_local_init_op = property(
        lambda self: self._parts["ready_for_local_init_op"], doc="The same, before `local_init_op`."
    )
    local_init_op = property(lambda self: self._parts["local_init_op"], doc="Initialises what each session has.")
    local_init_feed_dict = property(lambda self: self._parts["local_init_feed_dict"], doc="What is fed to it.")
    summary_op = property(lambda self: self._parts["summary_op"], doc="The merged summaries.")
    saver = property(lambda self: self._parts["saver"], doc="The Saver.")

    @staticmethod
    def get_or_default(arg_name: str, collection_key: str, default_constructor: Callable[[], Any]) -> Any:
        """Return the only element of a collection, or make one and put it there.

        Args:
            arg_name: The scaffold's argument, for the error.
            collection_key: The collection.
            default_constructor: Makes one; it may return None.

        Raises:
            RuntimeError: There are several.
        """
        found = get_collection(collection_key)
        if len(found) > 1:
            raise RuntimeError(
                f'More than one item in the collection "{collection_key}". Please indicate which one to use by passing '
                f"it to the tf.Scaffold constructor as:  tf.Scaffold({arg_name}=item to use)"
            )
        if found:
            return found[0]
        made = default_constructor()
        if made is not None:
            add_to_collection(collection_key, made)
        return made

    @staticmethod
    def default_local_init_op() -> Any:
        """Return an operation that initialises local variables, tables and local resources."""
        return exported("group")(
            exported("local_variables_initializer")(),
            exported("tables_initializer")(),
            resources.initialize_resources(resources.local_resources()),
        )


def _default_init_op() -> Any:
    return exported("group")(
        exported("global_variables_initializer")(),
        resources.initialize_resources(resources.shared_resources()),
        get_collection("saved_model_initializers"),
    )


def _default_ready_op() -> Any:
    report = exported("report_uninitialized_variables")
    return exported("concat")([report(), resources.report_uninitialized_resources()], 0)


def _default_ready_for_local_init_op() -> Any:
    report, every = exported("report_uninitialized_variables"), exported("global_variables")
    reports = [report(every()), resources.report_uninitialized_resources(resources.shared_resources())]
    return exported("concat")(reports, 0)


@export("python.training.saver._get_saver_or_default")
def saver_or_default() -> Saver:
    """Return the graph's only Saver in `GraphKeys.SAVERS`, or a new one, which is put there.

    Raises:
        RuntimeError: There are several.
    """
    found = get_collection(GraphKeys.SAVERS)
    if len(found) > 1:
        raise RuntimeError(
            f"More than one item in collection {GraphKeys.SAVERS}. Please indicate which one to use by passing it to "
            "the constructor."
        )
    if found:
        return found[0]
    saver = Saver(sharded=True, allow_empty=True)
    add_to_collection(GraphKeys.SAVERS, saver)
    return saver
