"""The operations that a `tf.train.Supervisor` takes from collections, or makes."""

from typing import Any

from onevar.core.default_graph import add_to_collection, get_collection, get_default_graph
from onevar.v1 import tf_logging as logging
from onevar.v1.export import exported
from onevar.v1.graph_keys import GraphKeys
from onevar.v1.saver import Saver

#: What an argument is that the program did not give, where None means none.
USE_DEFAULT = 0


class SupervisorParts:
    """Finds or makes the operations; the supervisor's base.

    Attributes:
        USE_DEFAULT: What an argument is that is to be found or made.
    """

    USE_DEFAULT = USE_DEFAULT

    def _find_parts(self, given: dict[str, Any]) -> None:
        """Set `_ready_op` and the like, in TensorFlow's order, in which they are made.

        Args:
            given: The supervisor's arguments of these names.
        """
        self._ready_op = self._part(
            given["ready_op"], GraphKeys.READY_OP, lambda: exported("report_uninitialized_variables")()
        )
        self._ready_for_local_init_op = self._part(
            given["ready_for_local_init_op"], GraphKeys.READY_FOR_LOCAL_INIT_OP, lambda: None
        )
        self._init_op = self._part(
            given["init_op"], GraphKeys.INIT_OP, lambda: exported("global_variables_initializer")()
        )
        self._local_init_op = self._part(given["local_init_op"], GraphKeys.LOCAL_INIT_OP, _local_init_op)
        self._saver = self._part(given["saver"], GraphKeys.SAVERS, _saver)
        self._summary_op = self._part(
            given["summary_op"], GraphKeys.SUMMARY_OP, lambda: exported("summary.merge_all")()
        )
        self._global_step = self._part(given["global_step"], GraphKeys.GLOBAL_STEP, _global_step)

    def _part(self, given: Any, key: str, make: Any) -> Any:
        """Return what is given; else the first of a collection; else what `make` returns, put there."""
        if given is not USE_DEFAULT:
            return given
        found = get_collection(key)
        if len(found) > 1:
            logging.info("Found %d %s operations. Returning the first one.", len(found), key)
        if found:
            return found[0]
        made = make()
        if made is not None:
            add_to_collection(key, made)
        return made


def _local_init_op() -> Any:
    return exported("group")(exported("local_variables_initializer")(), exported("tables_initializer")())


def _saver() -> Any:
    return Saver() if exported("global_variables")() else None


def _global_step() -> Any:
    try:
        step = get_default_graph().get_tensor_by_name("global_step:0")
    except KeyError:
        return None
    if step.dtype.base_dtype.name not in ("int32", "int64"):
        logging.warning("Found 'global_step' is not an int type: %s", step.dtype)
        return None
    return step
