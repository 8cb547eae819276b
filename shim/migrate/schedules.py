"""Which learning-rate schedule of Keras 3 takes each `tf.train.*_decay` of TensorFlow 1, and with which arguments."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from onevar.errors import Unsupported
from onevar.migrate.optimizers import REQUIRED, Written

_SCHEDULES = "keras.optimizers.schedules."
_OWN = "onevar.keras.optimizers."


@dataclass(frozen=True)
class ScheduleRule:
    """How a decay of TensorFlow 1 is written with Keras 3.

    Attributes:
        name: The v1 name below `tf.`: `train.exponential_decay`.
        keras: The class; None if there is none.
        parameters: The v1 parameters in their order, with defaults.
        step: The parameter that is the step, which Keras passes by itself: the optimizer's `iterations`.
        arguments: The Keras argument for each v1 parameter that has one.
        computed: Keras arguments that are another function of a v1 parameter: the parameter, and the function's name
            in `math`, with a minus before the parameter if it is negated first.
        note: What to tell the user, or "".
    """

    name: str
    keras: str | None
    parameters: Mapping[str, Any]
    arguments: Mapping[str, str]
    step: str = "global_step"
    computed: Mapping[str, tuple[str, str]] | None = None
    note: str = ""


_DECAY = {
    "learning_rate": REQUIRED, "global_step": REQUIRED, "decay_steps": REQUIRED, "decay_rate": REQUIRED,
    "staircase": False, "name": None,
}  # fmt: skip
_FIRST = {"learning_rate": "initial_learning_rate"}
_PIECES = {"x": REQUIRED, "boundaries": REQUIRED, "values": REQUIRED, "name": None}
_LINEAR = {
    "learning_rate": REQUIRED, "global_step": REQUIRED, "decay_steps": REQUIRED, "num_periods": 0.5, "alpha": 0.0,
    "beta": 0.001, "name": None,
}  # fmt: skip
STEP_NOTE = (
    "TensorFlow 1 decays by global_step, which only minimize(..., global_step=...) counts up; Keras by the optimizer's "
    "own iterations. They are the same where that argument is given, and the counter begins at zero."
)


def _same(*names: str) -> dict[str, str]:
    return {**_FIRST, **{name: name for name in names}}


_RULES = (
    ScheduleRule(
        "train.exponential_decay", f"{_SCHEDULES}ExponentialDecay", _DECAY,
        _same("decay_steps", "decay_rate", "staircase", "name"), note=STEP_NOTE,
    ),
    ScheduleRule(
        "train.natural_exp_decay", f"{_SCHEDULES}ExponentialDecay", _DECAY,
        _same("decay_steps", "staircase", "name"), computed={"decay_rate": ("-decay_rate", "exp")},
        note=f"The rate of Keras's is exp(-decay_rate). {STEP_NOTE}",
    ),
    ScheduleRule(
        "train.inverse_time_decay", f"{_SCHEDULES}InverseTimeDecay", _DECAY,
        _same("decay_steps", "decay_rate", "staircase", "name"), note=STEP_NOTE,
    ),
    ScheduleRule(
        "train.polynomial_decay", f"{_SCHEDULES}PolynomialDecay",
        {
            "learning_rate": REQUIRED, "global_step": REQUIRED, "decay_steps": REQUIRED, "end_learning_rate": 0.0001,
            "power": 1.0, "cycle": False, "name": None,
        },
        _same("decay_steps", "end_learning_rate", "power", "cycle", "name"), note=STEP_NOTE,
    ),
    ScheduleRule(
        "train.cosine_decay", f"{_SCHEDULES}CosineDecay",
        {"learning_rate": REQUIRED, "global_step": REQUIRED, "decay_steps": REQUIRED, "alpha": 0.0, "name": None},
        _same("decay_steps", "alpha", "name"), note=STEP_NOTE,
    ),
    ScheduleRule(
        "train.cosine_decay_restarts", f"{_SCHEDULES}CosineDecayRestarts",
        {
            "learning_rate": REQUIRED, "global_step": REQUIRED, "first_decay_steps": REQUIRED, "t_mul": 2.0,
            "m_mul": 1.0, "alpha": 0.0, "name": None,
        },
        _same("first_decay_steps", "t_mul", "m_mul", "alpha", "name"), note=STEP_NOTE,
    ),
    *(
        ScheduleRule(
            name, f"{_SCHEDULES}PiecewiseConstantDecay", _PIECES,
            {"boundaries": "boundaries", "values": "values", "name": "name"}, step="x", note=STEP_NOTE,
        )
        for name in ("train.piecewise_constant", "train.piecewise_constant_decay")
    ),
    ScheduleRule(
        "train.linear_cosine_decay", f"{_OWN}LinearCosineDecay", _LINEAR,
        _same("decay_steps", "num_periods", "alpha", "beta", "name"), note=STEP_NOTE,
    ),
    ScheduleRule(
        "train.noisy_linear_cosine_decay", None,
        {**_LINEAR, "initial_variance": 1.0, "variance_decay": 0.55}, {},
        note="its noise is drawn anew at each run, and no schedule of Keras draws. onevar.keras.optimizers."
        "LinearCosineDecay is the same without the noise.",
    ),
)  # fmt: skip

#: By the v1 name below `tf.`.
KERAS_SCHEDULES: dict[str, ScheduleRule] = {rule.name: rule for rule in _RULES}


def keras_schedule(name: str, arguments: Mapping[str, Any]) -> Written:
    """Return the call of Keras's that gives the rates of a v1 decay.

    Args:
        name: The v1 name below `tf.`: `train.exponential_decay`.
        arguments: What was given, by v1 parameter; the step may be left out.

    Raises:
        KeyError: There is no rule for that name.
        TypeError: A parameter is missing, or unknown.
        Unsupported: No schedule of Keras does that.
    """
    rule = KERAS_SCHEDULES[name]
    unknown = sorted(arguments.keys() - rule.parameters.keys())
    missing = [k for k, v in rule.parameters.items() if v is REQUIRED and k not in arguments and k != rule.step]
    if unknown or missing:
        raise TypeError(f"tf.{name}: unknown {unknown}" if unknown else f"tf.{name}: missing {missing}")
    if rule.keras is None:
        raise Unsupported(f"tf.{name}: {rule.note}")
    result = {rule.arguments[key]: value for key, value in arguments.items() if key in rule.arguments}
    for keras, (parameter, function) in (rule.computed or {}).items():
        value = arguments[parameter.lstrip("-")]
        result[keras] = getattr(math, function)(-value if parameter.startswith("-") else value)
    first = result.get("initial_learning_rate")
    if type(first) is int:
        result["initial_learning_rate"] = float(first)
    return Written(rule.keras, {k: v for k, v in result.items() if v is not None}, rule.note)
