"""Which optimizer of Keras 3 takes each optimizer of TensorFlow 1, and with which arguments; learning rates likewise.

Data, without a framework: the rewriter writes the calls, the converter takes over slots, the verifier explains. What
"takes" means is tested: twenty steps of both from the same start stay together, see `tests/keras3/test_optimizers.py`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from onevar.errors import Unsupported

#: Parameters that have nothing to say in Keras.
_IDLE = frozenset({"use_locking", "use_own_namescope_for_non_slot_vars", "accum_name", "linear_name"})


@dataclass(frozen=True)
class SlotRule:
    """Where a slot's value goes.

    Attributes:
        v1: The slot's name in `Optimizer.get_slot_names()`.
        suffix: What checkpoints put after the optimizer's name: `""`, `"_1"`; None where the name is not made of that.
        keras: The ending of the optimizer variable's path in Keras; None if Keras has none.
        factor: What the value is multiplied by: a number, or a v1 argument with a sign: `"-learning_rate"`.
    """

    v1: str
    suffix: str
    keras: str | None
    factor: float | str = 1.0


@dataclass(frozen=True)
class OptimizerRule:
    """How an optimizer of TensorFlow 1 is written with Keras 3.

    Attributes:
        name: The v1 name below `tf.`: `train.AdamOptimizer`.
        keras: The class that follows its trajectory: `keras.optimizers.Adam`, or one of `onevar.keras.optimizers`,
            which exist where Keras has none; None if nothing does.
        parameters: The v1 parameters in their order, with defaults; `REQUIRED` where there is none.
        arguments: The Keras argument for each v1 parameter that has one; the others are idle.
        written: Keras arguments that are written out always, with v1's value: Keras's default is another one.
        slots: Its slots, in the order in which v1 makes them.
        centered: Its slots where it was made with `centered=True`.
        powers: Whether v1 keeps `beta1_power` and `beta2_power`, whose place Keras's `iterations` takes.
        moving_rate: The class to use where the learning rate changes while it trains; `keras` if None.
        rows: The class to use where gradients are of rows, as embeddings' are; `keras` if None.
        needs: Conditions on arguments, with the reason: `{"weight_decay": "a constant learning_rate"}`.
        note: What to tell the user, or "".
    """

    name: str
    keras: str | None
    parameters: Mapping[str, Any]
    arguments: Mapping[str, str]
    written: Mapping[str, Any] = field(default_factory=dict)
    slots: tuple[SlotRule, ...] = ()
    centered: tuple[SlotRule, ...] = ()
    powers: bool = False
    moving_rate: str | None = None
    rows: str | None = None
    needs: Mapping[str, str] = field(default_factory=dict)
    note: str = ""

    @property
    def idle(self) -> frozenset[str]:
        """The v1 parameters that have no argument in Keras and change nothing."""
        return _IDLE & self.parameters.keys()


#: In `OptimizerRule.parameters`: the parameter has no default.
REQUIRED: Any = type("Required", (), {"__repr__": lambda _: "REQUIRED"})()

_OWN = "onevar.keras.optimizers."
_ADAM_PARAMETERS = {
    "learning_rate": 0.001, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "use_locking": False, "name": "Adam",
    "use_own_namescope_for_non_slot_vars": False,
}  # fmt: skip
_ADAM = {"learning_rate": "learning_rate", "beta1": "beta_1", "beta2": "beta_2", "epsilon": "epsilon", "name": "name"}
_ADAM_SLOTS = (SlotRule("m", "", "momentum"), SlotRule("v", "_1", "velocity"))
_ROWS_NOTE = (
    "Gradients of embeddings are of rows in TensorFlow 1, and only those rows and their slots move; Keras's optimizer "
    "moves all of them. {own} with sparse=[...] does as TensorFlow 1."
)
_FTRL_STRENGTHS = ("l1_regularization_strength", "l2_regularization_strength")


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


_RULES = (
    OptimizerRule(
        "train.GradientDescentOptimizer", "keras.optimizers.SGD",
        {"learning_rate": REQUIRED, "use_locking": False, "name": "GradientDescent"},
        _same("learning_rate", "name"),
    ),
    OptimizerRule(
        "train.MomentumOptimizer", "keras.optimizers.SGD",
        {
            "learning_rate": REQUIRED, "momentum": REQUIRED, "use_locking": False, "name": "Momentum",
            "use_nesterov": False,
        },
        {"learning_rate": "learning_rate", "momentum": "momentum", "name": "name", "use_nesterov": "nesterov"},
        slots=(SlotRule("momentum", "", "momentum", "-learning_rate"),),
        moving_rate=f"{_OWN}Momentum", rows=f"{_OWN}Momentum",
        note="Keras multiplies by the learning rate before it accumulates, TensorFlow 1 after: the same while the "
        f"learning rate is constant. Where it changes, {_OWN}Momentum does as TensorFlow 1. "
        + _ROWS_NOTE.format(own=f"{_OWN}Momentum"),
    ),
    OptimizerRule(
        "train.AdamOptimizer", "keras.optimizers.Adam",
        _ADAM_PARAMETERS,
        _ADAM, {"epsilon": 1e-8}, _ADAM_SLOTS, powers=True,
        note="epsilon is 1e-8 in TensorFlow 1 and 1e-7 in Keras, in the same place.",
    ),
    OptimizerRule(
        "train.AdagradOptimizer", "keras.optimizers.Adagrad",
        {"learning_rate": REQUIRED, "initial_accumulator_value": 0.1, "use_locking": False, "name": "Adagrad"},
        _same("learning_rate", "initial_accumulator_value", "name"),
        {"initial_accumulator_value": 0.1, "epsilon": 0.0}, (SlotRule("accumulator", "", "accumulator"),),
        note="TensorFlow 1's Adagrad has no epsilon: Keras's is written as 0.",
    ),
    OptimizerRule(
        "train.AdadeltaOptimizer", "keras.optimizers.Adadelta",
        {"learning_rate": 0.001, "rho": 0.95, "epsilon": 1e-8, "use_locking": False, "name": "Adadelta"},
        _same("learning_rate", "rho", "epsilon", "name"), {"epsilon": 1e-8},
        (SlotRule("accum", "", "accumulated_grad"), SlotRule("accum_update", "_1", "accumulated_delta_var")),
        rows=f"{_OWN}Adadelta",
        note="epsilon is 1e-8 in TensorFlow 1 and 1e-7 in Keras. " + _ROWS_NOTE.format(own=f"{_OWN}Adadelta"),
    ),
    OptimizerRule(
        "train.FtrlOptimizer", "keras.optimizers.Ftrl",
        {
            "learning_rate": REQUIRED, "learning_rate_power": -0.5, "initial_accumulator_value": 0.1,
            "l1_regularization_strength": 0.0, "l2_regularization_strength": 0.0, "use_locking": False, "name": "Ftrl",
            "accum_name": None, "linear_name": None, "l2_shrinkage_regularization_strength": 0.0, "beta": None,
        },
        _same(
            "learning_rate", "learning_rate_power", "initial_accumulator_value", *_FTRL_STRENGTHS,
            "l2_shrinkage_regularization_strength", "beta", "name",
        ),
        slots=(SlotRule("accum", "", "accumulator"), SlotRule("linear", "_1", "linear")), rows=f"{_OWN}Ftrl",
        note=_ROWS_NOTE.format(own=f"{_OWN}Ftrl"),
    ),
    OptimizerRule(
        "train.RMSPropOptimizer", f"{_OWN}RMSprop",
        {
            "learning_rate": REQUIRED, "decay": 0.9, "momentum": 0.0, "epsilon": 1e-10, "use_locking": False,
            "centered": False, "name": "RMSProp",
        },
        {
            "learning_rate": "learning_rate", "decay": "rho", "momentum": "momentum", "epsilon": "epsilon",
            "centered": "centered", "name": "name",
        },
        slots=(SlotRule("rms", "", "velocity"), SlotRule("momentum", "_1", "momentum")),
        centered=(
            SlotRule("rms", "", "velocity"), SlotRule("mg", "_1", "average_gradient"),
            SlotRule("momentum", "_2", "momentum"),
        ),
        note="TensorFlow 1's mean square begins at one, that of Keras and torch at zero: no hyper-parameters of "
        "keras.optimizers.RMSprop reproduce the first steps.",
    ),
    OptimizerRule(
        "train.ProximalGradientDescentOptimizer", f"{_OWN}ProximalGradientDescent",
        {
            "learning_rate": REQUIRED, **dict.fromkeys(_FTRL_STRENGTHS, 0.0), "use_locking": False,
            "name": "ProximalGradientDescent",
        },
        _same("learning_rate", *_FTRL_STRENGTHS, "name"),
    ),
    OptimizerRule(
        "train.ProximalAdagradOptimizer", f"{_OWN}ProximalAdagrad",
        {
            "learning_rate": REQUIRED, "initial_accumulator_value": 0.1, **dict.fromkeys(_FTRL_STRENGTHS, 0.0),
            "use_locking": False, "name": "ProximalAdagrad",
        },
        _same("learning_rate", "initial_accumulator_value", *_FTRL_STRENGTHS, "name"),
        slots=(SlotRule("accumulator", "", "accumulator"),),
    ),
    OptimizerRule(
        "train.AdagradDAOptimizer", f"{_OWN}AdagradDA",
        {
            "learning_rate": REQUIRED, "global_step": REQUIRED, "initial_gradient_squared_accumulator_value": 0.1,
            **dict.fromkeys(_FTRL_STRENGTHS, 0.0), "use_locking": False, "name": "AdagradDA",
        },
        _same("learning_rate", "initial_gradient_squared_accumulator_value", *_FTRL_STRENGTHS, "name"),
        slots=(
            SlotRule("gradient_accumulator", "", "gradient_accumulator"),
            SlotRule("gradient_squared_accumulator", "_1", "gradient_squared_accumulator"),
        ),
        needs={"global_step": "the step that minimize() counts; Keras's is the optimizer's own `iterations`"},
    ),
    OptimizerRule(
        "contrib.opt.AdaMaxOptimizer", "keras.optimizers.Adamax",
        {"learning_rate": 0.001, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "use_locking": False, "name": "AdaMax"},
        _ADAM, {"epsilon": 1e-8}, (SlotRule("m", "", "momentum"), SlotRule("v", "_1", "norm")), powers=True,
        rows=f"{_OWN}Adamax", note=_ROWS_NOTE.format(own=f"{_OWN}Adamax"),
    ),
    OptimizerRule(
        "contrib.opt.NadamOptimizer", f"{_OWN}Nadam",
        _ADAM_PARAMETERS, _ADAM, slots=_ADAM_SLOTS, powers=True,
        note="keras.optimizers.Nadam has a schedule of momentums that TensorFlow 1's has not.",
    ),
    OptimizerRule(
        "contrib.opt.LazyAdamOptimizer", f"{_OWN}LazyAdam",
        _ADAM_PARAMETERS, _ADAM, slots=_ADAM_SLOTS, powers=True,
        note="Name the embeddings with sparse=[...]: on torch and jax a gradient does not say that it is of rows.",
    ),
    OptimizerRule(
        "contrib.opt.AdamWOptimizer", f"{_OWN}AdamW",
        {
            "weight_decay": REQUIRED, "learning_rate": 0.001, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8,
            "use_locking": False, "name": "AdamW",
        },
        {"weight_decay": "weight_decay", **_ADAM}, slots=_ADAM_SLOTS, powers=True,
        note="TensorFlow 1 takes weight_decay * variable away, keras.optimizers.AdamW learning_rate * weight_decay * "
        "variable.",
    ),
    OptimizerRule(
        "contrib.opt.MomentumWOptimizer", f"{_OWN}MomentumW",
        {
            "weight_decay": REQUIRED, "learning_rate": REQUIRED, "momentum": REQUIRED, "use_locking": False,
            "name": "MomentumW", "use_nesterov": False,
        },
        {
            "weight_decay": "weight_decay", "learning_rate": "learning_rate", "momentum": "momentum", "name": "name",
            "use_nesterov": "nesterov",
        },
        slots=(SlotRule("momentum", "", "momentum"),),
    ),
    OptimizerRule(
        "contrib.opt.AddSignOptimizer", f"{_OWN}AddSign",
        {
            "learning_rate": 0.1, "alpha": 1.0, "beta": 0.9, "sign_decay_fn": None, "use_locking": False,
            "name": "AddSignOptimizer",
        },
        _same("learning_rate", "alpha", "beta", "sign_decay_fn", "name"), slots=(SlotRule("m", "", "m"),),
    ),
    OptimizerRule(
        "contrib.opt.PowerSignOptimizer", f"{_OWN}PowerSign",
        {
            "learning_rate": 0.1, "base": math.e, "beta": 0.9, "sign_decay_fn": None, "use_locking": False,
            "name": "PowerSignOptimizer",
        },
        _same("learning_rate", "base", "beta", "sign_decay_fn", "name"), slots=(SlotRule("m", "", "m"),),
    ),
    OptimizerRule(
        "train.SyncReplicasOptimizer", None, {"opt": REQUIRED, "replicas_to_aggregate": REQUIRED}, {},
        note="Use the optimizer that it wraps; keras.distribution takes the place of replicas.",
    ),
    OptimizerRule(
        "contrib.opt.MovingAverageOptimizer", None,
        {"opt": REQUIRED, "average_decay": 0.9999, "num_updates": None, "sequential_update": True}, {},
        note="Use the optimizer that it wraps, with use_ema=True, ema_momentum=average_decay; optimizer."
        "finalize_variable_values(model.trainable_variables) puts the averages in place.",
    ),
    OptimizerRule(
        "contrib.opt.ScipyOptimizerInterface", None, {"loss": REQUIRED, "var_list": None}, {},
        note="scipy.optimize over keras.ops; onevar.v1's own works on graph views of Keras's variables.",
    ),
)  # fmt: skip

#: By the v1 name below `tf.`.
KERAS_OPTIMIZERS: dict[str, OptimizerRule] = {rule.name: rule for rule in _RULES}


@dataclass(frozen=True)
class Written:
    """A call of Keras's.

    Attributes:
        path: What is called: `keras.optimizers.Adam`.
        arguments: By keyword.
        note: What to tell the user, or "".
    """

    path: str
    arguments: Mapping[str, Any]
    note: str = ""


def keras_optimizer(
    name: str, arguments: Mapping[str, Any], *, moving_rate: bool = False, rows: bool = False
) -> Written:
    """Return the call of Keras's that follows the trajectory of a v1 optimizer.

    Args:
        name: The v1 name below `tf.`: `train.AdamOptimizer`.
        arguments: What was given, by v1 parameter: values, or anything that stands for them (source code).
        moving_rate: Whether the learning rate changes while it trains.
        rows: Whether gradients are of rows of some variables, which were looked up with `embedding_lookup` or `gather`.

    Returns:
        The call; Python numbers come as floats where Keras wants those.

    Raises:
        KeyError: There is no rule for that name.
        TypeError: A parameter is missing, or unknown.
        Unsupported: No optimizer of Keras does that; the message says what to do.
    """
    rule = KERAS_OPTIMIZERS[name]
    unknown = sorted(arguments.keys() - rule.parameters.keys())
    missing = [key for key, default in rule.parameters.items() if default is REQUIRED and key not in arguments]
    if unknown or missing:
        raise TypeError(f"tf.{name}: unknown {unknown}" if unknown else f"tf.{name}: missing {missing}")
    if rule.keras is None:
        raise Unsupported(f"tf.{name}: {rule.note}")
    path = (rule.rows if rows else None) or (rule.moving_rate if moving_rate else None) or rule.keras
    own = path.startswith(_OWN)
    result = {} if own else dict(rule.written)
    for key, value in arguments.items():
        keras = rule.arguments.get(key)
        if keras is not None and not (value is None and rule.parameters[key] is None):
            result[keras] = _number(keras, value)
    return Written(path, _with_rate(rule, result, own), "" if path != rule.keras else rule.note)


def _with_rate(rule: OptimizerRule, result: dict[str, Any], own: bool) -> dict[str, Any]:
    """Write v1's learning rate out, first: Keras's own default is another one for some."""
    default = rule.parameters.get("learning_rate")
    rate = result.pop("learning_rate", None if own or default is REQUIRED else default)
    return result if rate is None else {"learning_rate": rate, **result}


def _number(keras: str, value: Any) -> Any:
    return float(value) if type(value) is int and keras not in ("nesterov", "centered") else value
