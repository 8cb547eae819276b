"""`tf.estimator`: the plain data of its programs. What trains is not offered; see `estimator_refused`."""

import copy
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from onevar.core.default_graph import get_default_graph
from onevar.core.operation import Operation, Tensor
from onevar.v1.export import export
from onevar.v1.public_functions import tf
from onevar.v1.session_run_hooks import SessionRunHook
from onevar.v1.training_scaffold import Scaffold
from onevar.v1.variables import Variable


@export("estimator.ModeKeys", "contrib.learn.ModeKeys")
class ModeKeys:
    """What a `model_fn` is to build."""

    TRAIN = "train"
    EVAL = "eval"
    PREDICT = "infer"
    INFER = "infer"


def _hooks(hooks: Any) -> tuple[SessionRunHook, ...]:
    for hook in hooks or ():
        if not isinstance(hook, SessionRunHook):
            raise TypeError(f"All hooks must be SessionRunHook instances, given: {hook}")
    return tuple(hooks or ())


def _in_graph(value: Any, what: str, name: str | None = None) -> Any:
    if value.graph is not get_default_graph():
        raise ValueError(
            f'{what} with "{name or value.name}" must be from the default graph: it was made in another one, or by an '
            "earlier call of model_fn."
        )
    return value


def _tensor(value: Any, name: str) -> Any:
    if not isinstance(value, Tensor | Variable):
        raise TypeError(f"{name} must be Tensor, given: {value}")
    return value


class _Spec(NamedTuple):
    mode: str
    predictions: Any
    loss: Any
    train_op: Any
    eval_metric_ops: dict[str, Any]
    export_outputs: Any
    training_chief_hooks: tuple
    training_hooks: tuple
    scaffold: Scaffold
    evaluation_hooks: tuple
    prediction_hooks: tuple


@export("estimator.EstimatorSpec")
class EstimatorSpec(_Spec):
    """What a `model_fn` returns; its parts are checked.

    Args:
        mode: One of `ModeKeys`.
        predictions: A tensor, or a dictionary of tensors.
        loss: A scalar.
        train_op: Trains.
        eval_metric_ops: Pairs of value and update by name.
        export_outputs: What an exported model returns, by signature.
        training_chief_hooks: Hooks of training, in the chief.
        training_hooks: Hooks of training.
        scaffold: The operations that start a session.
        evaluation_hooks: Hooks of evaluation.
        prediction_hooks: Hooks of prediction.

    Raises:
        ValueError: What the mode needs is missing, the loss is no scalar, or something is of another graph.
        TypeError: A part is of another type.
    """

    __slots__ = ()

    def __new__(
        cls, mode: str, predictions: Any = None, loss: Any = None, train_op: Any = None, eval_metric_ops: Any = None,
        export_outputs: Any = None, training_chief_hooks: Any = None, training_hooks: Any = None,
        scaffold: Scaffold | None = None, evaluation_hooks: Any = None, prediction_hooks: Any = None,
    ) -> "EstimatorSpec":  # fmt: skip
        """Check the parts."""
        if scaffold is not None and not isinstance(scaffold, Scaffold):
            raise TypeError(f"scaffold must be tf.train.Scaffold. Given: {scaffold}")
        return super().__new__(
            cls, mode, _predictions(predictions, mode), _loss(loss, mode), _train_op(train_op, mode),
            _metrics(eval_metric_ops), export_outputs, _hooks(training_chief_hooks), _hooks(training_hooks),
            scaffold or Scaffold(), _hooks(evaluation_hooks), _hooks(prediction_hooks),
        )  # fmt: skip

    def _replace(self, **kwds: Any) -> "EstimatorSpec":
        """Return one with other parts, checked again."""
        if kwds.get("mode", self.mode) != self.mode:
            raise ValueError("mode of EstimatorSpec cannot be changed.")
        return EstimatorSpec(**{**self._asdict(), **kwds})


def _train_op(train_op: Any, mode: str) -> Any:
    if train_op is None:
        if mode == ModeKeys.TRAIN:
            raise ValueError("Missing train_op.")
        return None
    if not isinstance(train_op, Operation | Tensor | Variable):
        raise TypeError(f"train_op must be Operation or Tensor, given: {train_op}")
    return _in_graph(getattr(train_op, "op", train_op) if isinstance(train_op, Variable) else train_op, "train_op")


def _loss(loss: Any, mode: str) -> Any:
    if loss is None:
        if mode in (ModeKeys.TRAIN, ModeKeys.EVAL):
            raise ValueError("Missing loss.")
        return None
    shape = _tensor(loss, "loss").get_shape()
    if shape.num_elements() not in (None, 1):
        raise ValueError(f"Loss must be scalar, given: {loss}")
    if not shape.is_compatible_with([]):
        loss = tf.reshape(loss, [])
    return _in_graph(loss, "loss")


def _predictions(predictions: Any, mode: str) -> Any:
    if predictions is None:
        if mode == ModeKeys.PREDICT:
            raise ValueError("Missing predictions.")
        return {}
    if isinstance(predictions, dict):
        return {
            key: _in_graph(_tensor(value, f"predictions[{key}]"), "prediction values", f"{key}: {value.name}")
            for key, value in predictions.items()
        }
    return _in_graph(_tensor(predictions, "predictions"), "prediction values")


def _metrics(given: Any) -> dict[str, Any]:
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise TypeError(f"eval_metric_ops must be a dict, given: {given}")
    for key, pair in given.items():
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise TypeError(
                f"Values of eval_metric_ops must be (metric_value, update_op) tuples, given: {pair} for key: {key}"
            )
        for value in tf.nest.flatten(pair):
            _in_graph(value, "eval_metric_ops", f"{key}: {value.name}")
    return given


def _input_fn(input_fn: Any) -> Any:
    if not callable(input_fn):
        raise TypeError(f"`input_fn` must be callable, given: {input_fn}")
    return input_fn


def _positive(value: int | None, name: str) -> int | None:
    if value is not None and value <= 0:
        raise ValueError(f"Must specify {name} > 0, given: {value}")
    return value


class _Train(NamedTuple):
    input_fn: Callable[[], Any]
    max_steps: int | None
    hooks: tuple


@export("estimator.TrainSpec")
class TrainSpec(_Train):
    """How an estimator is to be trained.

    Args:
        input_fn: Returns features and labels.
        max_steps: The global step at which it is enough.
        hooks: Hooks of training.

    Raises:
        TypeError: A part is of another type.
        ValueError: `max_steps` is not positive.
    """

    __slots__ = ()

    def __new__(cls, input_fn: Any, max_steps: int | None = None, hooks: Any = None) -> "TrainSpec":
        """Check the parts."""
        return super().__new__(cls, _input_fn(input_fn), _positive(max_steps, "max_steps"), _hooks(hooks))


class _Eval(NamedTuple):
    input_fn: Callable[[], Any]
    steps: int | None
    name: str | None
    hooks: tuple
    exporters: tuple
    start_delay_secs: float
    throttle_secs: float


@export("estimator.EvalSpec")
class EvalSpec(_Eval):
    """How an estimator is to be evaluated.

    Args:
        input_fn: Returns features and labels.
        steps: How many batches; None takes all.
        name: Of the evaluation.
        hooks: Hooks of evaluation.
        exporters: What exports models.
        start_delay_secs: When the first evaluation is.
        throttle_secs: How many seconds lie between two.

    Raises:
        TypeError: A part is of another type.
        ValueError: A number is negative.
    """

    __slots__ = ()

    def __new__(
        cls, input_fn: Any, steps: int | None = 100, name: str | None = None, hooks: Any = None, exporters: Any = None,
        start_delay_secs: float = 120, throttle_secs: float = 600,
    ) -> "EvalSpec":  # fmt: skip
        """Check the parts."""
        _input_fn(input_fn)
        _positive(steps, "steps")
        if name is not None and not isinstance(name, str):
            raise TypeError(f"`name` must be string, given: {name}")
        for value, what in ((start_delay_secs, "start_delay_secs"), (throttle_secs, "throttle_secs")):
            if value < 0:
                raise ValueError(f"Must specify {what} >= 0, given: {value}")
        every = exporters if isinstance(exporters, list | tuple) else [exporters] if exporters else []
        return super().__new__(
            cls, input_fn, steps, name, _hooks(hooks), tuple(every), start_delay_secs, throttle_secs
        )  # fmt: skip


@export("estimator.WarmStartSettings")
class WarmStartSettings(NamedTuple):
    """Which variables begin with a checkpoint's values; `tf.train.warm_start` takes the same.

    Attributes:
        ckpt_to_initialize_from: The checkpoint.
        vars_to_warm_start: Which variables, a pattern.
        var_name_to_vocab_info: `tf.train.VocabInfo` by variable.
        var_name_to_prev_var_name: Names in the checkpoint by variable.
    """

    ckpt_to_initialize_from: str
    vars_to_warm_start: Any = ".*"
    var_name_to_vocab_info: Mapping[str, Any] | None = None
    var_name_to_prev_var_name: Mapping[str, str] | None = None


_UNSET = object()
_DEFAULTS: dict[str, Any] = {
    "model_dir": None, "tf_random_seed": None, "save_summary_steps": 100, "save_checkpoints_steps": _UNSET,
    "save_checkpoints_secs": _UNSET, "session_config": None, "keep_checkpoint_max": 5,
    "keep_checkpoint_every_n_hours": 10000, "log_step_count_steps": 100, "train_distribute": None, "device_fn": None,
    "protocol": None, "eval_distribute": None, "experimental_distribute": None,
    "experimental_max_worker_delay_secs": None, "session_creation_timeout_secs": 7200,
}  # fmt: skip
_ALONE: dict[str, Any] = {
    "is_chief": True, "task_type": "worker", "task_id": 0, "master": "", "evaluation_master": "",
    "num_ps_replicas": 0, "num_worker_replicas": 1, "global_id_in_cluster": 0, "service": None,
}  # fmt: skip


@export("estimator.RunConfig")
class RunConfig:
    """Settings of a run, as attributes; of one process.

    Args:
        *args: Values of TensorFlow's settings, in its order.
        **kwargs: The same by name.

    Raises:
        TypeError: There is no such setting.
        ValueError: Checkpoints are asked for both by steps and by seconds, or `model_dir` is empty.
    """

    def __init__(self, *args: Any, **kwargs: Any):
        settings = dict(zip(_DEFAULTS, args, strict=False))
        strange = [name for name in kwargs if name not in _DEFAULTS or name in settings]
        if strange or len(args) > len(_DEFAULTS):
            raise TypeError(f"RunConfig() got an unexpected keyword argument '{(strange or ['?'])[0]}'")
        settings = {**_DEFAULTS, **settings, **kwargs}
        if settings["model_dir"] == "":
            raise ValueError("model_dir should be non-empty.")
        self._settings = _with_intervals(settings)

    def __getattr__(self, name: str) -> Any:
        settings = self.__dict__.get("_settings", {})
        if name in settings:
            return settings[name]
        if name in _ALONE:
            return _ALONE[name]
        raise AttributeError(f"'RunConfig' object has no attribute '{name}'")

    @property
    def cluster_spec(self) -> Any:
        """The cluster: there is none."""
        return tf.train.ClusterSpec({})

    def replace(self, **kwargs: Any) -> "RunConfig":
        """Return one with other settings.

        Args:
            **kwargs: The settings.

        Raises:
            ValueError: There is no such setting, or checkpoints are asked for both by steps and by seconds.
        """
        for name in kwargs:
            if name not in _DEFAULTS:
                raise ValueError(
                    f"Replacing {name} is not supported. Allowed properties are {sorted(_DEFAULTS)}."
                )  # fmt: skip
        made = copy.copy(self)
        kept = dict(self._settings)
        if "save_checkpoints_steps" in kwargs or "save_checkpoints_secs" in kwargs:
            kept.update(save_checkpoints_steps=_UNSET, save_checkpoints_secs=_UNSET)
        made._settings = _with_intervals({**kept, **kwargs})
        return made


def _with_intervals(settings: dict[str, Any]) -> dict[str, Any]:
    """Return settings that say either after how many steps or after how many seconds a checkpoint is written."""
    steps, seconds = settings["save_checkpoints_steps"], settings["save_checkpoints_secs"]
    if steps is _UNSET and seconds is _UNSET:
        steps, seconds = None, 600
    steps, seconds = None if steps is _UNSET else steps, None if seconds is _UNSET else seconds
    if steps is not None and seconds is not None:
        raise ValueError("`save_checkpoints_steps` and `save_checkpoints_secs` cannot be both set.")
    return {**settings, "save_checkpoints_steps": steps, "save_checkpoints_secs": seconds}
