"""Causes in training: gradients, what optimizers make of them, and moving statistics."""

from collections.abc import Callable
from functools import partial

import numpy as np

from onevar.migrate.verify import numerics
from onevar.migrate.verify.case import Case, Seen, close, distinct

_MOVED = 2e-3
Moves = tuple[np.ndarray, np.ndarray, np.ndarray]


def no_gradient(case: Case) -> Seen | None:
    """A gradient that is zero, or not there, in the new program alone."""
    if case.link is None:
        return None
    old, new = case.gradients(case.link)
    if old is None or not np.any(old) or (new is not None and np.any(new)) or case.link.new not in case.new.trainable:
        return None
    which = "not there" if new is None else "zero"
    return Seen(f"The gradient of {case.link.new} is {which}; that of {case.link.old} is not.")


def scaled_gradients(case: Case) -> Seen | None:
    """Gradients that all differ by one factor."""
    factors = []
    for link in case.event.links.values():
        old, new = case.gradients(link)
        if old is None or new is None or not np.any(old):
            continue
        factor = _factor(old, new)
        if factor is None:
            return None
        factors.append(factor)
    if not factors or abs(factors[0] - 1) < 1e-3 or np.ptp(factors) > 1e-2 * abs(factors[0]):
        return None
    return Seen(f"All gradients of the new program are {factors[0]:.5g} times the old ones.")


def _factor(old: np.ndarray, new: np.ndarray, limit: float = _MOVED) -> float | None:
    """Return the number that one value is the other times, if there is one."""
    length = float(np.vdot(old, old).real)
    if not length:
        return None
    factor = float(np.vdot(old, new).real) / length
    distance = float(np.linalg.norm(old * factor - new))
    return factor if distance <= limit * max(float(np.linalg.norm(new)), 1e-30) else None


# -- what does not move ---------------------------------------------------------------------------


def untouched(case: Case) -> Seen | None:
    """Trainable variables that stay what they are in the new program."""
    still = [link for link, (_, old, new) in case.all_moves() if np.any(old) and not np.any(new)]
    if case.link not in still or (case.row.kind == "gradients" and case.link.new in case.new.trainable):
        return None
    untracked = [link.new for link in still if link.new not in case.new.trainable]
    text = f"{', '.join(link.old for link in still)} moved in the old program only."
    return Seen(text + (f" Not trainable in the new one: {', '.join(untracked)}." if untracked else ""))


def statistics_untouched(case: Case) -> Seen | None:
    """Variables that are not trainable and move in the old program only."""
    moved = case.moves()
    if moved is None or _trains(case) or not np.any(moved[1]) or np.any(moved[2]):
        return None
    return Seen(f"{case.row.old} moved by {np.abs(moved[1]).max():.3g}, {case.row.new} did not.")


def _trains(case: Case) -> bool:
    return case.link is not None and case.link.olds[0] in case.old.trainable


def _is_statistic(case: Case) -> Moves | None:
    moved = case.moves()
    if moved is None or _trains(case) or not np.any(moved[1]) or not np.any(moved[2]):
        return None
    return moved


def statistics_rate(case: Case) -> Seen | None:
    """Moving statistics whose steps differ by one factor: (1 - momentum) of each."""
    moved = _is_statistic(case)
    if moved is None:
        return None
    factor = _factor(moved[1], moved[2], 0.02)
    if factor is None or factor <= 0 or abs(factor - 1) < 0.05:
        return None
    momentum = _momentum(case, moved)
    said = "" if momentum is None else f": the momenta are {momentum:.6g} and {1 - (1 - momentum) * factor:.6g}"
    return Seen(f"{case.row.new} moves {factor:.4g} times as far as {case.row.old}{said}.")


def _momentum(case: Case, moved: Moves) -> float | None:
    """Return the old momentum, from a layer's input whose mean or variance the statistic moves towards."""
    before, step, _ = moved
    for x in _inputs(case):
        if x.ndim < 2 or x.shape[-1:] != before.shape:
            continue
        axes = tuple(range(x.ndim - 1))
        for target in (x.mean(axes), x.var(axes)):
            share = _factor(target - before, step, 0.02)
            if share is not None and 0 < share < 1:
                return 1 - share
    return None


def _inputs(case: Case) -> list[np.ndarray]:
    """Return what may have been normalized: inputs of the program and values of its layers."""
    items = [*case.event.old.items("feeds"), *case.event.old.items("layers"), *case.event.new.items("layers")]
    return distinct(item.value for item in items)


def statistics_biased(case: Case) -> Seen | None:
    """Moving variances of which one moves towards the batch's, the other towards it times n / (n - 1)."""
    moved = _is_statistic(case)
    if moved is None:
        return None
    before, old, new = moved
    for x in _inputs(case):
        if x.ndim < 2 or x.shape[-1:] != before.shape:
            continue
        count = x[..., 0].size
        plain, corrected = x.var(tuple(range(x.ndim - 1))), x.var(tuple(range(x.ndim - 1)), ddof=1)
        for ours, theirs, text in ((corrected, plain, "old"), (plain, corrected, "new")):
            shares = _factor(ours - before, old, 5e-3), _factor(theirs - before, new, 5e-3)
            both = None not in shares and abs(shares[0] - shares[1]) < 1e-3  # type: ignore[operator]
            if both and 0 < shares[0] <= 1:  # type: ignore[operator]
                return Seen(f"The {text} program multiplies the variance of {count} values by {count}/{count - 1}.")
    return None


# -- optimizers -----------------------------------------------------------------------------------


def _settings(case: Case) -> dict[str, float]:
    """Return the old optimizer's numbers."""
    optimizer = (case.event.old.data.get("optimizers") or [None])[0] or case.old.optimizer or {"settings": {}}
    return dict(optimizer["settings"])


def _new_settings(case: Case) -> dict[str, float]:
    optimizer = (case.event.new.data.get("optimizers") or [None])[0] or case.new.optimizer or {"settings": {}}
    return dict(optimizer["settings"])


def _rate(numbers: dict[str, float], default: float) -> float:
    return numbers.get("lr", numbers.get("learning_rate", default))


def _tried(
    case: Case, ways: Callable[[np.ndarray], dict[str, Callable[[], np.ndarray | None]]]
) -> tuple[str, str] | None:
    """Return the ways in which the old and the new variable moved, from its gradient."""
    moved = case.moves()
    gradient = None if case.link is None else case.gradients(case.link)[0]
    if moved is None or gradient is None or not np.any(gradient):
        return None
    results = {label: way() for label, way in ways(gradient).items()}
    found: list[str | None] = []
    for target in moved[1:]:
        ranked = [(_distance(value, target), label) for label, value in results.items() if value is not None]
        best = min((distance for distance, _ in ranked), default=1.0)
        # What is likelier comes first; one that fits a little better by chance does not replace it.
        found.append(
            next(label for distance, label in ranked if distance <= 3 * best + 1e-5) if best <= _MOVED else None
        )
    if None in found or found[0] == found[1]:
        return None
    return found[0], found[1]  # type: ignore[return-value]


def _distance(value: np.ndarray, target: np.ndarray) -> float:
    return float(np.linalg.norm(value - target)) / max(float(np.linalg.norm(target)), 1e-30)


def _first(case: Case) -> bool:
    return case.event.old.step == 1


def adam_epsilon(case: Case) -> Seen | None:
    """Adam with several epsilons, in both places."""
    numbers = _settings(case)
    if "beta1" not in numbers or not _first(case):
        return None
    rate = _rate(numbers, 1e-3)
    tried = {
        numbers.get("epsilon", 1e-8),
        _new_settings(case).get("epsilon", _new_settings(case).get("eps", 1e-7)),
        1e-8,
        1e-7,
    }

    def ways(g: np.ndarray) -> dict[str, Callable[[], np.ndarray | None]]:
        zero = np.zeros_like(g)
        return {
            f"{e:g}, added to the {'uncorrected' if place == 'hat' else 'corrected'} moment": partial(
                numerics.adam, g, rate, numbers["beta1"], numbers["beta2"], e, place, 1, zero, zero
            )
            for e in sorted(tried)
            for place in ("hat", "paper")
        }

    found = _tried(case, ways)
    return (
        None if found is None else Seen(f"Epsilon is {found[0]} in the old program; in the new one it is {found[1]}.")
    )


def rmsprop_slot(case: Case) -> Seen | None:
    """RMSProp from ones and from zeros, with epsilon under the root and beside it."""
    numbers = _settings(case)
    if "decay" not in numbers or not _first(case):
        return None
    rate, decay = _rate(numbers, 1e-3), numbers["decay"]
    other = _new_settings(case)
    epsilons = dict.fromkeys([numbers.get("epsilon", 1e-10), other.get("epsilon", other.get("eps", 1e-7))])

    def ways(g: np.ndarray) -> dict[str, Callable[[], np.ndarray | None]]:
        return {
            f"from {start:g}, with {e:g} {'under' if inside else 'beside'} the root": partial(
                numerics.rmsprop, g, rate, decay, e, start, inside
            )
            for start in (1.0, 0.0)
            for inside in (True, False)
            for e in epsilons
        }

    found = _tried(case, ways)
    return None if found is None else Seen(f"The mean of squares starts {found[0]}; in the new program {found[1]}.")


def adagrad_start(case: Case) -> Seen | None:
    """Adagrad from several starts."""
    numbers = _settings(case)
    optimizer = case.old.optimizer or {"kind": ""}
    if "adagrad" not in optimizer["kind"].lower() or not _first(case):
        return None
    rate = _rate(numbers, 1e-2)
    starts = {
        numbers.get("initial_accumulator_value", 0.1),
        0.1,
        0.0,
        _new_settings(case).get("initial_accumulator_value", 0.1),
    }

    def ways(g: np.ndarray) -> dict[str, Callable[[], np.ndarray | None]]:
        return {f"{start:g}": partial(numerics.adagrad, g, rate, start, 1e-10) for start in sorted(starts)}

    found = _tried(case, ways)
    return (
        None if found is None else Seen(f"The sum of squares starts at {found[0]}, in the new program at {found[1]}.")
    )


def learning_rate(case: Case) -> Seen | None:
    """Variables that all move by one factor more or less."""
    factors = []
    for _, (_, old, new) in case.all_moves():
        factor = _factor(old, new, 0.01)
        if factor is None:
            return None
        factors.append(factor)
    if nesterov(case) is not None:
        return None
    if not factors or abs(factors[0]) < 1e-9 or abs(factors[0] - 1) < 2e-3 or np.ptp(factors) > 0.02 * abs(factors[0]):
        return None
    rates = _rate(_settings(case), np.nan), _rate(_new_settings(case), np.nan)
    said = f" The rates are {rates[0]:g} and {rates[1]:g}." if np.isfinite(rates).all() else ""
    return Seen(f"Every variable moves {factors[0]:.5g} times as far as in the old program.{said}")


def weight_decay(case: Case) -> Seen | None:
    """Moves that differ by a multiple of the variable."""
    moved = case.moves()
    if moved is None or not np.any(moved[0]):
        return None
    before, old, new = moved
    factor = _factor(before, new - old, 0.02)
    if factor is None or abs(factor) < 1e-9:
        return None
    which = "new" if factor < 0 else "old"
    return Seen(f"In the {which} program {case.row.old} shrinks by {abs(factor):.3g} of itself in each step besides.")


def clipping(case: Case) -> Seen | None:
    """Plain steps along the gradient, cut to a norm or to values on one side."""
    moved = case.moves()
    gradient = None if case.link is None else case.gradients(case.link)[0]
    if moved is None or gradient is None or not np.any(gradient):
        return None
    if "beta1" in _settings(case):
        return _clipped_moments(case)
    if learning_rate(case) is not None or nesterov(case) is not None:
        return None
    _, old, new = moved
    for value, other, which in ((old, new, "old"), (new, old, "new")):
        rate = _factor(gradient, other, 1e-3)
        if rate is None or rate >= 0:
            continue
        limit = np.abs(value).max() / -rate
        if limit < np.abs(gradient).max() * 0.999 and close(rate * np.clip(gradient, -limit, limit), value, 1e-3):
            return Seen(f"The {which} program cuts gradients off at {limit:.4g}.")
        factor = _factor(gradient * rate, value, 1e-3)
        if factor is not None and 0 < factor < 0.999:
            norm = factor * np.linalg.norm(gradient)
            return Seen(f"The {which} program shrinks the gradient by {factor:.4g}, to a norm of {norm:.4g}.")
    return None


def _clipped_moments(case: Case) -> Seen | None:
    """Adam's first moments after one step, which are (1 - beta1) of the gradients that it got."""
    betas = _settings(case)["beta1"], _new_settings(case).get("beta_1", _settings(case)["beta1"])
    sides = (case.event.old.slots(), case.event.new.slots())
    shares: list[tuple[float, float]] = []
    for link in case.event.links.values() if _first(case) else ():
        gradient = case.gradients(link)[0]
        for kind in {kind for _, kind in sides[0]} if gradient is not None and np.any(gradient) else ():
            old = link.linear({owner: value for (owner, one), value in sides[0].items() if one == kind})
            new = sides[1].get((link.new, kind))
            if old is None or new is None or not gradient.shape == old.shape == new.shape:  # type: ignore[union-attr]
                continue
            found = [_factor(gradient, value.astype(np.float64)) for value in (old, new)]  # type: ignore[arg-type]
            if None not in found:
                shares.append((found[0] / (1 - betas[0]), found[1] / (1 - betas[1])))  # type: ignore[operator]
    if not shares or max(max(pair) for pair in shares) > 1.002:
        return None
    said = [_shrinks([pair[side] for pair in shares]) for side in (0, 1)]
    if said[0] == said[1]:
        return None
    return Seen(
        f"Before the optimizer gets them, gradients are {said[0]} in the old program, {said[1]} in the new one."
    )


def _shrinks(shares: list[float]) -> str:
    if min(shares) > 0.998:
        return "left as they are"
    if max(shares) - min(shares) < 2e-3:
        return f"all cut to {np.mean(shares):.4g} of themselves, by their common norm"
    return f"cut each by itself, to {min(shares):.4g} of itself at least"


def nesterov(case: Case) -> Seen | None:
    """The first step of momentum, which is (1 + momentum) times as long if it is Nesterov's."""
    numbers = {**_new_settings(case), **_settings(case)}
    momentum = numbers.get("momentum")
    moved = case.moves()
    if not momentum or moved is None or not _first(case):
        return None
    flags = [
        bool(side.get("use_nesterov", side.get("nesterov", 0.0))) for side in (_settings(case), _new_settings(case))
    ]
    factor = _factor(moved[1], moved[2], 1e-3)
    if factor is None or flags[0] == flags[1]:
        return None
    for expected, which in ((1 + momentum, "new"), (1 / (1 + momentum), "old")):
        if abs(factor - expected) < 1e-3:
            return Seen(f"It is Nesterov's in the {which} program: the first step is {1 + momentum:g} times as long.")
    return None
