"""The table of small v1 programs: each says what it saw, in TensorFlow (recorded) and on the adapter under test.

A program is a function of `tf`, the namespace `tf.compat.v1` or `onevar.v1`, and runs in a graph of its own; with
`kinds=True` it takes `resource` as well, what `use_resource=` is to be, and runs for both. It returns what `plain`
knows, most often what three runs of one thing gave: the first run of a plan and the later ones take different ways.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from onevar.dtypes import NAMES, numpy_dtype

#: Largest difference, relative and absolute, by dtype. What programs compute is around 1.
TOLERANCE = {"float16": 4e-3, "bfloat16": 3e-2, "float32": 2e-5, "float64": 1e-9, "complex64": 2e-5, "complex128": 1e-9}


@dataclass(frozen=True, slots=True)
class Program:
    """One entry of the table.

    Attributes:
        run: The program.
        ids: The requirements that it proves.
        needs: Capabilities without which it cannot run.
        kinds: Whether it takes `resource`.
    """

    run: Callable[..., Any]
    ids: tuple[str, ...]
    needs: tuple[str, ...]
    kinds: bool

    @property
    def name(self) -> str:
        """Its name in the table and in the recording."""
        return self.run.__name__


TABLE: dict[str, Program] = {}


def program(*ids: str, needs: tuple[str, ...] = (), kinds: bool = False) -> Callable[[Callable], Callable]:
    """Enter a program into the table.

    Args:
        ids: The requirements that it proves.
        needs: Capabilities that it needs; `"64bit"` as it is while the engine computes.
        kinds: Whether it runs once for each kind of variables.

    Raises:
        ValueError: Another program has the name.
    """

    def enter(run: Callable) -> Callable:
        made = Program(run, ids, needs, kinds)
        if TABLE.setdefault(made.name, made) is not made:
            raise ValueError(f"two programs are called {made.name!r}.")
        return run

    return enter


def variants(one: Program) -> Iterator[tuple[str, tuple]]:
    """Yield the name and the arguments after `tf` of each way to run a program."""
    if one.kinds:
        yield f"{one.name}-reference", (False,)
        yield f"{one.name}-resource", (True,)
    else:
        yield one.name, ()


def seen(tf: Any, one: Program, arguments: tuple) -> Any:
    """Run a program in a new graph; return what it saw, as JSON knows it."""
    with tf.Graph().as_default():
        return plain(one.run(tf, *arguments))


# -- what programs use ------------------------------------------------------------------------------


def thrice(session: Any, fetches: Any, feeds: Any = None) -> list[Any]:
    """Return what three runs give: the first one may be interpreted, the others compiled."""
    return [session.run(fetches, feeds) for _ in range(3)]


def started(tf: Any) -> Any:
    """Return a new session in which all variables have their initial values."""
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    return session


def error(call: Callable, *args: Any, words: str | None = None, **kwargs: Any) -> list[Any]:
    """Return the type of what a call raises, and whether the message has `words` in it."""
    try:
        call(*args, **kwargs)
    except Exception as problem:  # noqa: BLE001 - whatever is raised is the datum
        found: list[Any] = [type(problem).__name__]
        return found if words is None else [*found, words in str(problem)]
    return ["nothing"]


# -- as JSON, and back ------------------------------------------------------------------------------


def plain(found: Any) -> Any:
    """Return what JSON knows: arrays with dtype and shape, structures as they are."""
    if isinstance(found, np.ndarray | np.generic):
        array = np.asarray(found)
        return {"array": [_dtype(array), list(array.shape), _values(array)]}
    if isinstance(found, tuple):
        name = "tuple" if type(found) is tuple else type(found).__name__
        return {name: [plain(item) for item in found]}
    if isinstance(found, list):
        return [plain(item) for item in found]
    if isinstance(found, dict):
        return {"dict": [[key, plain(value)] for key, value in found.items()]}
    if isinstance(found, bytes):
        return {"bytes": found.decode("latin1")}
    if found is None or isinstance(found, bool | int | float | str):
        return found
    raise TypeError(f"a program may not return a {type(found).__name__}: {found!r}")


def _dtype(array: np.ndarray) -> str:
    return "string" if array.dtype.kind in "OS" else NAMES.get(array.dtype) or array.dtype.name


def _values(array: np.ndarray) -> list[Any]:
    flat = array.reshape(-1)
    if array.dtype.kind in "OS":
        return [item.decode("latin1") if isinstance(item, bytes) else item for item in flat.tolist()]
    if array.dtype.kind == "c":
        return [[item.real, item.imag] for item in flat.tolist()]
    return flat.astype(np.float64).tolist() if _dtype(array) in ("bfloat16", "float16") else flat.tolist()


def differences(ours: Any, theirs: Any, where: str = "") -> Iterator[str]:
    """Yield where what a program saw is not what is recorded; floats may differ in their last places."""
    if isinstance(theirs, dict) and isinstance(ours, dict) and ours.keys() == theirs.keys():
        (kind,) = theirs
        if kind == "array":
            yield from _array_differences(ours[kind], theirs[kind], where)
        else:
            yield from differences(ours[kind], theirs[kind], where)
    elif isinstance(theirs, list) and isinstance(ours, list) and len(ours) == len(theirs):
        for index, (mine, wanted) in enumerate(zip(ours, theirs, strict=True)):
            yield from differences(mine, wanted, f"{where}[{index}]")
    elif isinstance(theirs, float) and isinstance(ours, float):
        if not (ours == theirs or math.isclose(ours, theirs, rel_tol=1e-5, abs_tol=1e-5)):
            yield f"{where}: {ours}, TensorFlow {theirs}"
    elif ours != theirs or type(ours) is not type(theirs):
        yield f"{where}: {ours}, TensorFlow {theirs}"


def _array_differences(ours: list, theirs: list, where: str) -> Iterator[str]:
    dtype, shape, values = theirs
    if ours[:2] != [dtype, shape]:
        yield f"{where}: {ours[0]} of shape {ours[1]}, TensorFlow {dtype} of shape {shape}"
    elif dtype in TOLERANCE:
        mine, wanted = np.asarray(ours[2], float), np.asarray(values, float)
        if not np.allclose(mine, wanted, TOLERANCE[dtype], TOLERANCE[dtype], equal_nan=True):
            yield f"{where}: {ours[2]}, TensorFlow {values}"
    elif ours[2] != values:
        yield f"{where}: {ours[2]}, TensorFlow {values}"


def array(values: Any, dtype: str) -> np.ndarray:
    """Return an array of a dtype by its name, bfloat16 included."""
    return np.asarray(values).astype(numpy_dtype(dtype))
