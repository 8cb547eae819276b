"""`tf.train.warm_start` and `tf.train.VocabInfo`: begin with the variables of an earlier training."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from onevar.core.default_graph import get_collection
from onevar.v1.checkpoint_init import init_from_checkpoint
from onevar.v1.checkpoint_reader import path_of
from onevar.v1.export import export, exported
from onevar.v1.graph_keys import GraphKeys
from onevar.v1.partitioned_variable import PartitionedVariable, PartitionInfo
from onevar.v1.variables import Variable
from onevar.v1.vocabulary_init import Vocabularies, remapped


class _VocabInfo(NamedTuple):
    new_vocab: str
    new_vocab_size: int
    num_oov_buckets: int
    old_vocab: str
    old_vocab_size: int = -1
    backup_initializer: Callable | None = None
    axis: int = 0


@export("train.VocabInfo")
class VocabInfo(_VocabInfo):
    """The vocabularies of a matrix, then and now; for `warm_start`.

    Args:
        new_vocab: The file with the words that rows or columns stand for now, a line each.
        new_vocab_size: How many of them.
        num_oov_buckets: How many places after them stand for other words.
        old_vocab: The file with the words of the checkpoint.
        old_vocab_size: How many of them are taken; -1 for all.
        backup_initializer: What new words get; zeros by default.
        axis: 0 for rows, 1 for columns.

    Raises:
        ValueError: The axis is another one.
    """

    __slots__ = ()

    def __new__(
        cls, new_vocab: str, new_vocab_size: int, num_oov_buckets: int, old_vocab: str, old_vocab_size: int = -1,
        backup_initializer: Callable | None = None, axis: int = 0,
    ) -> "VocabInfo":  # fmt: skip
        """Check the axis."""
        if axis not in (0, 1):
            raise ValueError(f"The only supported values for the axis argument are 0 and 1.  Provided axis: {axis}")
        return super().__new__(
            cls, new_vocab, new_vocab_size, num_oov_buckets, old_vocab, old_vocab_size, backup_initializer, axis
        )


@export("train.warm_start")
def warm_start(
    ckpt_to_initialize_from: Any, vars_to_warm_start: Any = ".*",
    var_name_to_vocab_info: Mapping[str, VocabInfo] | None = None,
    var_name_to_prev_var_name: Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    """Let variables begin with what a checkpoint has.

    Args:
        ckpt_to_initialize_from: A checkpoint's prefix, or a folder, of which the latest is taken.
        vars_to_warm_start: A regular expression for trainable variables; a list of these for all global variables;
            a list of Variables; or None, for those alone that have a `VocabInfo`.
        var_name_to_vocab_info: The vocabularies of variables, by name.
        var_name_to_prev_var_name: Names in the checkpoint, where they are others.

    Raises:
        ValueError: Nothing matches; a name is given that is no variable's; tensors are missing or of other shapes.
        OpError: The checkpoint cannot be read.
    """
    vocabularies = dict(var_name_to_vocab_info or {})
    previous = dict(var_name_to_prev_var_name or {})
    path = path_of(ckpt_to_initialize_from)
    grouped = _grouped(vars_to_warm_start)
    _check_used("var_name_to_prev_var_name", previous, grouped)
    _check_used("var_name_to_vocab_info", vocabularies, grouped)
    if not grouped and vars_to_warm_start not in (".*", None, []):
        raise ValueError(f"warm_start(vars_to_warm_start={vars_to_warm_start!r}): no variable matches.")
    plain: list[tuple[str, Any]] = []
    for name, variables in grouped.items():
        source = previous.get(name) or name
        info = vocabularies.get(name)
        if info is not None:
            _with_vocabulary(variables, source, path, info)
        elif vars_to_warm_start:
            whole = len(variables) == 1 and variables[0]._save_slice_info is None
            plain.append((source, variables[0] if whole else variables))
    init_from_checkpoint(ckpt_to_initialize_from, plain)


def _check_used(argument: str, given: Mapping[str, Any], grouped: Mapping[str, Any]) -> None:
    unused = given.keys() - grouped.keys()
    if unused:
        raise ValueError(
            f"You provided the following variables in {argument} that were not used: {unused}.  Perhaps you misspelled "
            f"them?  Here is the list of viable variable names: {grouped.keys()}"
        )


def _grouped(wanted: Any) -> dict[str, list[Any]]:
    """Return variables by name, the slices of a partitioned one together."""
    if wanted is None or isinstance(wanted, str):
        found = get_collection(GraphKeys.TRAINABLE_VARIABLES, wanted)
    elif not isinstance(wanted, list):
        raise ValueError(f"`vars_to_warm_start must be a `list` or `str`.  Given type is {type(wanted)}")
    elif all(isinstance(item, str) for item in wanted):
        found = _matching(wanted)
    elif all(isinstance(item, Variable | PartitionedVariable) for item in wanted):
        found = [part for item in wanted for part in (item if isinstance(item, PartitionedVariable) else [item])]
    else:
        raise ValueError(
            "If `vars_to_warm_start` is a list, it must be all `Variable` or all `str`.  Given types are "
            f"{[type(item) for item in wanted]}"
        )
    grouped: dict[str, list[Any]] = {}
    for variable in dict.fromkeys(found):
        info = variable._save_slice_info
        grouped.setdefault(variable.op.name if info is None else info.full_name, []).append(variable)
    return grouped


def _matching(patterns: Sequence[str]) -> list[Any]:
    found: list[Any] = []
    for pattern in patterns:
        more = get_collection(GraphKeys.GLOBAL_VARIABLES, pattern)
        if not more:
            raise ValueError(f"warm_start(vars_to_warm_start): no variable matches {pattern!r}.")
        found += more
    return found


def _with_vocabulary(variables: Sequence[Any], name: str, path: str, info: VocabInfo) -> None:
    if not (info.new_vocab and info.new_vocab_size and path and info.old_vocab):
        raise ValueError(
            "Invalid args: Must provide all of [current_vocab_path, current_vocab_size, prev_ckpt, prev_vocab_path}."
        )
    words = Vocabularies(
        info.new_vocab, info.new_vocab_size, info.old_vocab, info.old_vocab_size, info.num_oov_buckets, info.axis
    )
    initializer = info.backup_initializer or exported("zeros_initializer")()
    total = sum(variable.shape.as_list()[0] for variable in variables)
    for variable in variables:
        shape = variable.shape.as_list()
        if len(shape) != 2:
            raise ValueError(f"VocabInfo for {variable.name}: a matrix is wanted, and it is of shape {variable.shape}.")
        part = variable._save_slice_info
        offset = 0 if part is None else PartitionInfo(part.full_shape, part.var_offset).single_offset(shape)
        value = remapped(path, name, shape, offset, total, words, initializer)
        done = variable.assign(value)
        # A resource variable's assignment returns the variable after it.
        variable._initializer_op = getattr(done, "op", done)
        variable._initial_value = value
