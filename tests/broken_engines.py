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
        return type(self.name, (base,), {"name": self.name.lower(), **self.wrong(base)})


def sound(framework: str) -> type:
    """The adapter as it is, under another name."""
    return type("Sound", (_adapter(framework),), {"name": f"sound{framework}"})


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


def _breaks_ties_to_one_side(base):
    """Gives the whole gradient of a tie to the first operand."""
    k = base().k
    return {"primitives": {**base.primitives, "maximum": lambda x, y: k.where(k.greater_equal(x, y), x, y)}}


def _draws_from_the_next_block(base):
    """Moves a random stream on by one block too many."""
    advance = base.primitives["philox_advance"]
    return {"primitives": {**base.primitives, "philox_advance": lambda counter, blocks: advance(counter, blocks + 1)}}


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
    Broken("KeepsOldState", "jax", "V1-51", _keeps_old_state),
    Broken("DropsATerm", "torch", "V1-32", _drops_a_term),
    Broken("BreaksTies", "torch", "V1-32", _breaks_ties_to_one_side),
    Broken("NextBlock", "torch", "V1-26", _draws_from_the_next_block),
    Broken("WritesExported", "torch", "V1-47", _writes_what_is_exported),
    Broken("Clamps", "jax", "V1-44", _clamps_in_silence),
    Broken("Narrows", "torch", "V1-41", _narrows),
    Broken("OneBranch", "torch", "V1-29", _takes_one_branch),
    Broken("ShortLoops", "torch", "V1-30", _stops_too_early),
    Broken("Truncates", "torch", "V1-28", _truncates),
)
