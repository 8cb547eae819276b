"""What the names of TensorFlow do in a program: build the graph, run it, make variables, or none of these."""

PLACEHOLDERS = frozenset(("placeholder", "placeholder_with_default"))
SESSIONS = frozenset(("Session", "InteractiveSession"))
INITIALIZERS = frozenset(
    (
        "global_variables_initializer",
        "initialize_all_variables",
        "initialize_local_variables",
        "initialize_variables",
        "local_variables_initializer",
        "variables_initializer",
    )
)
#: Initializers of the variables that they are given, and what lists all there are.
CHOOSING = frozenset(("initialize_variables", "variables_initializer"))
LISTED = frozenset(("all_variables", "global_variables", "local_variables"))
SAVER = "train.Saver"
WRITERS = frozenset(("summary.FileWriter", "train.SummaryWriter"))
MERGES = frozenset(("summary.merge_all", "summary.merge", "merge_all_summaries", "merge_summary"))
SCALARS = frozenset(("summary.scalar", "scalar_summary"))
STEPS = frozenset(("train.create_global_step", "train.get_global_step", "train.get_or_create_global_step"))
#: Blocks that a converted program has no use for: what is in them goes on without them.
DISSOLVED = SESSIONS | {"Graph"}
#: Blocks that mean something for what is built in them.
SCOPES = frozenset(
    (
        "arg_scope",
        "colocate_with",
        "contrib.framework.arg_scope",
        "contrib.slim.arg_scope",
        "control_dependencies",
        "device",
        "name_scope",
        "op_scope",
        "variable_op_scope",
        "variable_scope",
    )
)
DECAYS = frozenset(
    f"train.{name}"
    for name in (
        "cosine_decay",
        "cosine_decay_restarts",
        "exponential_decay",
        "inverse_time_decay",
        "linear_cosine_decay",
        "natural_exp_decay",
        "noisy_linear_cosine_decay",
        "piecewise_constant",
        "piecewise_constant_decay",
        "polynomial_decay",
    )
)
#: Results that have no dimensions, when no axis is given.
_REDUCTIONS = frozenset(("reduce_mean", "reduce_sum", "reduce_max", "reduce_min", "reduce_prod"))
_SCALAR = frozenset(("nn.l2_loss", "add_n", "square", "sqrt", "abs", "negative", "cast", "to_float", "identity"))
_AXES = frozenset(("axis", "reduction_indices", "keepdims", "keep_dims"))

#: Names that build nothing, and the beginnings of others, with their dot.
_NEUTRAL = SESSIONS | INITIALIZERS | WRITERS | {
    "AUTO_REUSE",
    "ConfigProto",
    "DType",
    "Event",
    "GPUOptions",
    "Graph",
    "GraphKeys",
    "GraphOptions",
    "OptimizerOptions",
    "RunMetadata",
    "RunOptions",
    "Summary",
    "SummaryMetadata",
    "VERSION",
    "__version__",
    "as_dtype",
    "disable_eager_execution",
    "disable_v2_behavior",
    "get_default_graph",
    "get_default_session",
    "reset_default_graph",
    "set_random_seed",
    "summary.FileWriterCache",
    "train.Coordinator",
    "train.Saver",
    "train.checkpoint_exists",
    "train.get_checkpoint_state",
    "train.latest_checkpoint",
    "train.summary_iterator",
}  # fmt: skip
_NEUTRAL_BELOW = (
    "app.",
    "compat.",
    "contrib.learn.datasets",
    "contrib.training.HParams",
    "errors.",
    "examples.",
    "flags.",
    "gfile.",
    "logging.",
    "python_io.",
    "resource_loader.",
    "sysconfig.",
    "test.",
)
_DTYPES = frozenset(("bool", "complex128", "complex64", "double", "float16", "float32", "float64", "half")) | {
    f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)
} | {"bfloat16", "string"}  # fmt: skip

_MAKERS = frozenset(("Variable", "get_variable", "get_local_variable", "make_template"))
_MAKERS_BELOW = ("contrib.layers.", "contrib.slim.", "contrib.rnn.", "keras.", "layers.", "metrics.", "nn.rnn_cell.")
_LAYERLESS = frozenset(("contrib.layers.flatten", "layers.flatten", "layers.dropout", "contrib.layers.dropout"))

_LISTS = frozenset(
    (
        "all_variables",
        "apply_regularization",
        "get_model_variables",
        "get_total_loss",
        "get_trainable_variables",
        "global_variables",
        "model_variables",
        "trainable_variables",
    )
)

#: What can't be done inside a Keras model's `call`, and why.
_REFUSED = {
    "assign": "an assignment is an operation to run in TensorFlow 1; in a model it would happen at every call",
    "assign_add": "an assignment is an operation to run in TensorFlow 1; in a model it would happen at every call",
    "assign_sub": "an assignment is an operation to run in TensorFlow 1; in a model it would happen at every call",
    "scatter_": "an assignment is an operation to run in TensorFlow 1; in a model it would happen at every call",
    "initialize_variables": "it initializes some of the variables, and a new model all",
    "variables_initializer": "it initializes some of the variables, and a new model all",
    "group": "operations that are run for their effect have no place in a model",
    "tuple": "operations that are run for their effect have no place in a model",
    "no_op": "operations that are run for their effect have no place in a model",
    "metrics.": "streaming metrics keep their state in local variables that the session updates",
    "data.": "its input comes from tf.data, not from feeds",
    "train.batch": "its input comes from queues, not from feeds",
    "train.shuffle_batch": "its input comes from queues, not from feeds",
    "train.slice_input_producer": "its input comes from queues, not from feeds",
    "train.string_input_producer": "its input comes from queues, not from feeds",
    "train.range_input_producer": "its input comes from queues, not from feeds",
    "train.ExponentialMovingAverage": "moving averages of variables are updated by operations of their own",
    "train.MonitoredTrainingSession": "hooks run around its session",
    "train.Supervisor": "the supervisor runs services around its session",
    "train.start_queue_runners": "its input comes from queues, not from feeds",
    "FIFOQueue": "queues live in the session",
    "RandomShuffleQueue": "queues live in the session",
    "TFRecordReader": "its input comes from queues, not from feeds",
    "TextLineReader": "its input comes from queues, not from feeds",
    "sparse_placeholder": "Keras's backends are not fed with sparse tensors",
    "py_func": "a Python function in the graph can't be compiled or differentiated by Keras's backends",
    "Print": "it prints when it is run, which a compiled model does not",
    "tables_initializer": "lookup tables are initialised in a session",
    "contrib.lookup.": "lookup tables are initialised in a session",
    "contrib.opt.ScipyOptimizerInterface": "it minimises with SciPy through a session",
    "contrib.layers.optimize_loss": "it makes an optimizer, its summaries and the operation that trains in one",
    "contrib.slim.learning.create_train_op": "it makes gradients, updates and what trains in one",
    "contrib.slim.learning.": "it runs a training loop of its own",
    "contrib.training.": "it runs a training loop of its own",
    "estimator.": "an Estimator has a session of its own",
    "train.SyncReplicasOptimizer": "it is for several machines",
    "train.Server": "it is for several machines",
    "import_graph_def": "its graph is data",
    "train.import_meta_graph": "its graph is data",
    "partial_run": "a partial run keeps values between runs",
}


def _below(symbol: str, beginnings: tuple[str, ...]) -> bool:
    return any(symbol.startswith(one) for one in beginnings)


def neutral(symbol: str) -> bool:
    """Say whether a name builds no part of a graph."""
    return symbol in _NEUTRAL or symbol in _DTYPES or _below(f"{symbol}.", _NEUTRAL_BELOW) or not symbol


def makes_variables(symbol: str) -> bool:
    """Say whether a call may make variables."""
    if symbol in _LAYERLESS or lists(symbol) or "pool" in symbol or symbol.endswith(("regularizer", "initializer")):
        return False
    return symbol in _MAKERS or _below(symbol, _MAKERS_BELOW) or "dynamic_rnn" in symbol or "static_rnn" in symbol


def refusal(symbol: str) -> str | None:
    """Return why a program with a name can't become a model; None if it can."""
    if neutral(symbol) and symbol not in CHOOSING:
        return None
    for beginning, reason in _REFUSED.items():
        exact = not beginning.endswith((".", "_"))
        if symbol == beginning if exact else symbol.startswith(beginning):
            return reason
    return None


def lists(symbol: str) -> bool:
    """Say whether a call lists the variables, or the losses, that a graph has."""
    last = symbol.rpartition(".")[2]
    return last in _LISTS or last.startswith("get_variables") or (symbol.startswith("losses.get_"))


def is_summary(symbol: str) -> bool:
    """Say whether a call makes a summary, or merges summaries."""
    return (symbol.startswith("summary.") and symbol not in _NEUTRAL) or symbol.endswith("_summary") or symbol in MERGES


def is_optimizer(symbol: str) -> bool:
    """Say whether a name is an optimizer of `tf.train`, or of `tf.contrib`."""
    return symbol.endswith("Optimizer") and symbol.startswith(("train.", "contrib.opt."))


def is_scalar(symbol: str, keywords: set[str], positional: int) -> bool:
    """Say whether a call's result surely has no dimensions, given that its first argument has none where that matters.

    Args:
        symbol: What is called.
        keywords: The keywords given.
        positional: How many other arguments are given.
    """
    if symbol in _REDUCTIONS:
        return positional == 1 and not keywords & _AXES
    return symbol == "nn.l2_loss" or (symbol.startswith("losses.") and "reduction" not in keywords)


def keeps_scalar(symbol: str) -> bool:
    """Say whether a call of scalars gives a scalar."""
    return symbol in _SCALAR
