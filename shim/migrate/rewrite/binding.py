"""Binds the arguments of a call by the signature that TensorFlow 1 gave the function: those of `onevar.v1`."""

import inspect
from functools import cache
from typing import Any

import libcst as cst

from onevar.migrate import virtual
from onevar.migrate.rewrite.context import BoundCall, Refusal

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


@cache
def parameters(symbol: str) -> tuple[inspect.Parameter, ...] | None:
    """Return the parameters of what is called `symbol` below `tf.`; None if it is not here, or has no signature."""
    try:
        found: Any = virtual.lookup(symbol)
        return tuple(inspect.signature(found).parameters.values())
    except (LookupError, TypeError, ValueError):
        return None


def bind(symbol: str, node: cst.Call) -> BoundCall | Refusal:
    """Bind a call.

    Args:
        symbol: What is called, below `tf.`.
        node: The original call.

    Returns:
        The call with its arguments by parameter, those of `*args` as `"*2"` and so on by their places; a refusal if
        they do not fit the signature.
    """
    if any(one.star for one in node.args):
        return BoundCall(symbol, node, {}, True)
    known = parameters(symbol)
    if known is None:
        return Refusal(f"tf.{symbol} has no signature here")
    places = [one.name for one in known if one.kind in _POSITIONAL]
    open_ended = any(one.kind is inspect.Parameter.VAR_POSITIONAL for one in known)
    any_name = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in known)
    names = {one.name for one in known if one.kind is not inspect.Parameter.POSITIONAL_ONLY}
    given: dict[str, cst.BaseExpression] = {}
    for index, one in enumerate(node.args):
        if one.keyword is None and index >= len(places) and open_ended:
            given[f"*{index}"] = one.value
            continue
        if one.keyword is None and index >= len(places):
            return Refusal(f"tf.{symbol} takes {len(places)} positional arguments")
        name = places[index] if one.keyword is None else one.keyword.value
        if name not in names and one.keyword is not None and not any_name:
            return Refusal(f"tf.{symbol} has no argument {name!r}")
        if name in given:
            return Refusal(f"tf.{symbol} is given {name!r} twice")
        given[name] = one.value
    return BoundCall(symbol, node, given)
