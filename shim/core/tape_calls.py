"""The quickest forms of the calls that a recording makes."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from onevar.core.elements import Array, Elements
from onevar.core.frame import Frame, Step, cause, located, run_steps
from onevar.core.state import StateRef

HOST = (np.ndarray, np.generic)
#: One recorded call: reads and writes an environment.
Call = Callable[[list], None]


class Diverged(Exception):
    """A result has another shape than when the calls were recorded; the step itself is done."""


class Constant:
    """An argument that is always the same."""

    __slots__ = ("value",)

    def __init__(self, value: Any):
        self.value = value


class Read:
    """An argument that is the value of a variable."""

    __slots__ = ("ref",)

    def __init__(self, ref: StateRef):
        self.ref = ref


class List:
    """An argument that is a list of others."""

    __slots__ = ("items",)

    def __init__(self, items: Sequence[Any]):
        self.items = items


class Varying:
    """An argument on the host whose contents are other ones each time."""

    __slots__ = ("convert", "slot")

    def __init__(self, slot: int, convert: Callable[[Any], Any]):
        self.slot, self.convert = slot, convert


def bound(function: Callable, k: Any) -> Callable:
    """Return a definition that computes with the primitives `k`."""
    return lambda *args, **attrs: function(k, *args, **attrs)


def snapshot(ref: StateRef, out: int) -> Call:
    """Return the call that takes the value that a variable has then."""

    def call(env: list) -> None:
        env[out] = ref.read()

    return call


def interpreted(frame: Frame, step: Step) -> Call:
    """Return the call that runs a step as it is."""

    def call(env: list) -> None:
        step.run(frame)

    return call


def found(getter: Any, env: list) -> Any:
    """Return an argument's value."""
    kind = type(getter)
    if kind is int:
        return env[getter]
    if kind is Constant:
        return getter.value
    if kind is Read:
        return getter.ref.read()
    if kind is Varying:
        return getter.convert(env[getter.slot])
    return [found(item, env) for item in getter.items]


def call_of(function: Callable, getters: Sequence[Any], attrs: dict[str, Any], step: Step) -> Call:
    """Return the call of a function with arguments from the environment, in the quickest form there is."""
    outs = step.outs
    if len(outs) == 1 and not attrs:
        quick = _quick(function, getters, outs[0])
        if quick is not None:
            return quick
    store = step.store

    def call(env: list) -> None:
        result = function(*[found(getter, env) for getter in getters], **attrs)
        if len(outs) == 1 and not isinstance(result, list | tuple):
            env[outs[0]] = result
        else:
            store(_Env(env), result)  # type: ignore[arg-type]

    return call


class _Env:
    """An environment where a frame is expected."""

    __slots__ = ("env",)

    def __init__(self, env: list):
        self.env = env


def _quick(function: Callable, getters: Sequence[Any], out: int) -> Call | None:  # noqa: C901 (one form after the other)
    kinds = tuple(type(getter) for getter in getters)
    if kinds == (int,):
        (a,) = getters

        def one(env: list) -> None:
            env[out] = function(env[a])

        return one
    if kinds == (int, int):
        a, b = getters

        def two(env: list) -> None:
            env[out] = function(env[a], env[b])

        return two
    if kinds == (int, Constant):
        a, value = getters[0], getters[1].value

        def with_second(env: list) -> None:
            env[out] = function(env[a], value)

        return with_second
    if kinds == (Constant, int):
        first, b = getters[0].value, getters[1]

        def with_first(env: list) -> None:
            env[out] = function(first, env[b])

        return with_first
    if kinds == (int, Read):
        a, read = getters[0], getters[1].ref.read

        def with_variable(env: list) -> None:
            env[out] = function(env[a], read())

        return with_variable
    return None


def clear(slots: tuple[int, ...]) -> Call:
    """Return the call that lets go of what is in some slots."""

    def call(env: list) -> None:
        for slot in slots:
            env[slot] = None

    return call


def outline(value: Any) -> Any:
    """Return what recorded calls take for granted of a value: its shape, and whether it is on the host."""
    if isinstance(value, HOST):
        return ("host", value.shape)
    if type(value) is Elements:
        return (value.array, None if value.array.dynamic else value.size, value.row_shape)
    if type(value) is Array:
        return value
    return None if type(value) is StateRef else value.shape


def expecting(call: Call, env: list, slots: Sequence[int]) -> Call:
    """Return a call that says when its results are of other shapes than those that are in `env` now."""
    wanted = tuple(outline(env[slot]) for slot in slots)
    if len(slots) == 1:
        (only,), (one,) = slots, wanted

        def watched_one(env: list) -> None:
            call(env)
            if outline(env[only]) != one:
                raise Diverged

        return watched_one

    def watched(env: list) -> None:
        call(env)
        if tuple(outline(env[slot]) for slot in slots) != wanted:
            raise Diverged

    return watched


def run_calls(calls: Sequence[Call], origins: Sequence[Step], frame: Frame, steps: Sequence[Step]) -> bool:
    """Make recorded calls on `frame.env`; once a result has another shape, run the rest of the steps as they are.

    Returns:
        Whether a result had another shape.
    """
    env, at = frame.env, 0
    try:
        for call in calls:
            call(env)
            at += 1
    except Diverged:
        run_steps(frame, steps[steps.index(origins[at]) + 1 :])
        return True
    except Exception as error:  # noqa: BLE001 (raised anew, with where it happened)
        raise located(error, origins[at]) from cause(error)
    return False
