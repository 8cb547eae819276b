"""Adapters that compute, differentiate, compile or hold state wrongly in one way each, for the v1 part of the suite.

They are made from torch's and JAX's adapters, which must be installed. `BROKEN` says in which requirement the suite
must turn red for each.
"""

import importlib
from dataclasses import dataclass
from typing import Any


def _adapter(framework: str) -> type:
    return type(importlib.import_module(f"onevar.adapters.{framework}").ADAPTER)


@dataclass(frozen=True)
class Broken:
    """What is broken, on which framework, where the suite sees it, and what is put in the sound adapter's place."""

    name: str
    framework: str
    requirement: str
    wrong: Any

    def kind(self) -> type:
        base = _adapter(self.framework)
        return type(self.name, (base,), {"name": self.name.lower(), "register": _registered, **self.wrong(base)})


def sound(framework: str) -> type:
    """The adapter as it is, under another name."""
    return type("Sound", (_adapter(framework),), {"name": f"sound{framework}", "register": _registered})


def _registered(self: Any, *given: Any) -> None:
    """The framework knows the Variable's class from its own adapter."""


def _compiles_once(base):
    """Gives the results of the first call for ever."""

    def compile(fn, donate=True, jit_level=None):
        run, kept = base.compile(fn, donate=False, jit_level=jit_level), []

        def call(state, args):
            kept[:] = kept or [run(state, args)]
            return kept[0]

        return call

    return {"compile": staticmethod(compile), "donates": False}


def _keeps_old_state(base):
    """Computes the new state, and answers the old."""

    def compile(fn, donate=True, jit_level=None):
        run = base.compile(fn, donate=False, jit_level=jit_level)

        def call(state, args):
            results, new = run(state, args)
            return results, [*state, *new[len(state) :]]

        return call

    return {"compile": staticmethod(compile), "donates": False}


def _drops_a_term(base):
    """Forgets the gradient for all points but the first."""

    def vjp(fn, xs, marks=0):
        ys, aux, pullback = base.vjp(fn, xs, marks)

        def first(cotangents, **kwargs):
            found = pullback(cotangents, **kwargs)
            return [found[0], *(None for _ in found[1:])]

        return ys, aux, first

    return {"vjp": staticmethod(vjp)}


def _slopes_at_the_edge(base):
    """Gives the absolute value's derivative at zero as one."""
    k = base().k
    wrong = lambda x: k.where(k.less(x, k.zeros_like(x)), k.negative(x), x)  # noqa: E731
    return {"primitives": {**base.primitives, "abs": wrong}}


def _draws_from_the_next_block(base):
    """Is off by one block in every random stream."""
    counter = base.primitives["philox_counter"]
    return {"primitives": {**base.primitives, "philox_counter": lambda low, high: counter(low + 1, high)}}


def _writes_what_is_exported(base):
    return {"exported": lambda self, native: False}


def _clamps_in_silence(base):
    return {"checks_indices": True}


def _narrows(base):
    """Makes 32-bit tensors of 64-bit arrays."""

    def convert(self, x, dtype=None, device=None):
        narrow = {"int64": "int32", "float64": "float32"}.get(str(getattr(x, "dtype", "")))
        return base.convert(self, x, dtype or narrow, device)

    return {"convert": convert}


def _takes_one_branch(base):
    return {"cond": staticmethod(lambda pred, then_fn, else_fn, args: then_fn(*args))}


def _stops_too_early(base):
    """Runs every loop twice at most."""

    def while_loop(cond_fn, body_fn, init, maximum_iterations=None, differentiable=False):
        return base.while_loop(cond_fn, body_fn, init, min(maximum_iterations or 2, 2), differentiable)

    return {"while_loop": staticmethod(while_loop)}


def _truncates(base):
    """Rounds a remainder as C does."""
    k = base().k

    def remainder(x, y):
        quotient = k.divide(x, y)
        return k.subtract(x, k.multiply(k.trunc(quotient), y))

    return {"primitives": {**base.primitives, "remainder": remainder}}


BROKEN = (
    Broken("CompilesOnce", "jax", "V1-20", _compiles_once),
    Broken("KeepsOldState", "jax", "V1-13", _keeps_old_state),
    Broken("DropsATerm", "torch", "V1-32", _drops_a_term),
    Broken("SlopesAtTheEdge", "torch", "V1-32", _slopes_at_the_edge),
    Broken("NextBlock", "torch", "V1-26", _draws_from_the_next_block),
    Broken("WritesExported", "torch", "V1-47", _writes_what_is_exported),
    Broken("Clamps", "jax", "V1-44", _clamps_in_silence),
    Broken("Narrows", "torch", "V1-41", _narrows),
    Broken("OneBranch", "jax", "V1-29", _takes_one_branch),
    Broken("ShortLoops", "jax", "V1-30", _stops_too_early),
    Broken("Truncates", "torch", "V1-28", _truncates),
)
