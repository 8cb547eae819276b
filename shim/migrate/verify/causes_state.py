"""Causes around the computation: inputs, random numbers, dtypes, what variables start from, an optimizer's settings."""

import numpy as np

from onevar.migrate.verify.case import Case, Seen
from onevar.migrate.verify.linking import Link
from onevar.migrate.verify.report import Finding
from onevar.migrate.verify.trace import Event, Trace

_SETTINGS = {
    "lr": "learning_rate", "learning_rate": "learning_rate", "beta1": "beta_1", "beta2": "beta_2", "beta_1": "beta_1",
    "beta_2": "beta_2", "epsilon": "epsilon", "rho": "rho", "decay": "rho", "momentum": "momentum", "eps": "epsilon",
    "alpha": "rho", "use_nesterov": "nesterov", "nesterov": "nesterov",
    "initial_accumulator_value": "initial_accumulator_value",
}  # fmt: skip
#: Optimizers that are the same under other names.
_FAMILIES = {
    "AdamOptimizer": "Adam", "GradientDescentOptimizer": "SGD", "MomentumOptimizer": "SGD",
    "RMSPropOptimizer": "RMSprop",
    "AdagradOptimizer": "Adagrad", "AdadeltaOptimizer": "Adadelta", "FtrlOptimizer": "Ftrl",
}  # fmt: skip


def feeds(case: Case) -> Seen:
    """Inputs that differ."""
    return Seen(f"{case.row.old} is apart by {case.row.difference:.2g} of its largest value from {case.row.new}.")


def unmapped(case: Case) -> Seen | None:
    """Variables without a counterpart."""
    if case.row.old and case.row.new:
        return None
    rows = [row for row in case.event.rows if row.kind == "weights" and not (row.old and row.new)]
    old = [f"{row.old} {row.shape}" for row in rows if row.old]
    new = [f"{row.new} {row.shape}" for row in rows if row.new]
    return Seen(
        f"Only in the old program: {', '.join(old) or 'none'}. Only in the new one: {', '.join(new) or 'none'}."
    )


def random(case: Case) -> Seen:
    """Draws that are not the old program's."""
    drawn = [f"{item.name} {item.shape}" for item in case.event.old.items("random")]
    return Seen(
        f"The new program draws {case.row.new or case.row.old}; the old one drew {', '.join(drawn) or 'nothing'}."
    )


def hidden_random(case: Case) -> Seen | None:
    """Random numbers in branches and loops, which are not given to the new program."""
    names = [*(case.event.old.data.get("hidden") or ()), *(case.event.new.data.get("hidden") or ())]
    if not names:
        return None
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return Seen(f"{shown}: these numbers were neither recorded nor given to the new program.")


def precision(case: Case) -> Seen | None:
    """One side in float64, the other in float32, and a difference that this explains."""
    kinds = _dtypes(case)
    if kinds is None or kinds[0] == kinds[1] or "float64" not in kinds:
        return None
    return Seen(
        f"{kinds[0]} in the old program, {kinds[1]} in the new one; they are apart by {case.row.difference:.1g}."
    )


def _dtypes(case: Case) -> tuple[str, str] | None:
    if case.pair is not None:
        return case.pair.old.dtype, case.pair.new.dtype
    link = case.link
    if link is None:
        return None
    return str(case.old.weights[link.olds[0]].dtype), str(case.new.weights[link.new].dtype)


def settings(old: Trace, new: Trace, events: tuple[Event, Event] | None = None) -> list[Finding]:
    """Return how the optimizers' settings differ, where both are of one family.

    Args:
        old: The old run.
        new: The new one.
        events: The event in which they are looked at, in both; rates change. None takes the first.
    """
    one, other = old.optimizer, new.optimizer
    if events is not None:
        found = [(event.data.get("optimizers") or [None])[0] for event in events]
        one, other = found[0] or one, found[1] or other
    if one is None or other is None:
        return []
    kinds = _FAMILIES.get(one["kind"], one["kind"]), _FAMILIES.get(other["kind"], other["kind"])
    if kinds[0] != kinds[1]:
        text = f"{one['kind']} in the old program, {other['kind']} in the new one."
        return [
            Finding(
                "optimizer", "Another optimizer", text, "Compare with the table of optimizers in the documentation."
            )
        ]
    numbers = [_named(side["settings"]) for side in (one, other)]
    apart = [
        f"{name} is {numbers[0][name]:.8g} in the old program, {numbers[1][name]:.8g} in the new one"
        for name in numbers[0]
        if name in numbers[1] and abs(numbers[0][name] - numbers[1][name]) > 1e-6 * abs(numbers[0][name])
    ]
    if not apart:
        return []
    key = "Adam epsilon" if kinds[0] == "Adam" and all(text.startswith("epsilon") for text in apart) else "settings"
    return [
        Finding(
            key, "The optimizers' settings differ", f"{'; '.join(apart)}.", "Say these settings in the new program."
        )
    ]


def _named(numbers: dict[str, float]) -> dict[str, float]:
    return {_SETTINGS[name]: value for name, value in numbers.items() if name in _SETTINGS}


def initializers(old: Trace, new: Trace, known: list[Link]) -> list[Finding]:
    """Return which variables the programs start from other laws; they were compared from the same values."""
    if old.contents["kind"] == new.contents["kind"] == "v1" and old.program == new.program:
        return []
    texts = []
    for link in known:
        one, other = link.forward(old.own), new.own.get(link.new)
        if one is None or other is None or one.size != other.size or one.dtype.kind != "f":
            continue
        text = _law(one, other)
        if text is not None:
            texts.append(f"{link.old}: {text}")
    if not texts:
        return []
    shown = "; ".join(texts[:5]) + (f"; and {len(texts) - 5} more" if len(texts) > 5 else "")
    return [
        Finding(
            "initializer", "Variables start from another law",
            f"{shown}. Both programs were compared from the old one's values.",
            "Say the initializer in the new program: Keras's default is GlorotUniform, that of tf.random_normal has "
            "stddev=1.",
        )
    ]  # fmt: skip


def _law(one: np.ndarray, other: np.ndarray) -> str | None:
    """Return in which way two samples cannot be of one law; None if they can."""
    a, b = one.astype(np.float64).ravel(), other.astype(np.float64).ravel()
    constant = np.ptp(a) == 0, np.ptp(b) == 0
    if all(constant):
        return None if np.isclose(a[0], b[0]) else f"all {a[0]:g} in the old program, all {b[0]:g} in the new one"
    if any(constant):
        words = [
            f"all {v[0]:g}" if c else f"of deviation {v.std():.3g}" for v, c in ((a, constant[0]), (b, constant[1]))
        ]
        return f"{words[0]} in the old program, {words[1]} in the new one"
    if a.size < 8:
        return None
    spread = abs(np.log(a.std() / b.std())) if a.std() and b.std() else 0.0
    if spread > 4 / np.sqrt(a.size):
        return f"of deviation {a.std():.3g} in the old program, {b.std():.3g} in the new one"
    reach = np.abs(a).max() / a.std(), np.abs(b).max() / b.std()
    if a.size >= 200 and min(reach) < 1.8 < 2.3 < max(reach):
        return "uniform on one side, normal on the other"
    return None
