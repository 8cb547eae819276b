"""Probable causes of differences: a table, each entry of which is proven by a test that provokes it.

A cause is not guessed from names. It is tried: from what both programs were given, one way of computing must give what
the old program has, and another what the new one has. Where that cannot be tried, the sentence says what was seen.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from onevar.migrate.verify import causes_layers, causes_losses, causes_optimizers, causes_state
from onevar.migrate.verify.case import Case, Seen
from onevar.migrate.verify.comparing import Compared
from onevar.migrate.verify.linking import Link
from onevar.migrate.verify.report import Finding, Row
from onevar.migrate.verify.trace import Trace


@dataclass(frozen=True)
class Cause:
    """An entry of the table.

    Attributes:
        key: Its name.
        kinds: The kinds of rows that it can explain.
        title: What it is.
        advice: What to do.
        test: Says what was seen, if it is this.
    """

    key: str
    kinds: tuple[str, ...]
    title: str
    advice: str
    test: Callable[[Case], Seen | None]


_VALUES = ("layers", "outputs", "losses")
_MOVES = ("weights", "slots")

TABLE: tuple[Cause, ...] = (
    Cause("input", ("feeds",), "The inputs are not the same",
          "Let the new program take its input under the placeholder's name, or in its shape and dtype.", causes_state.feeds),
    Cause("unmapped", ("weights",), "A variable has no counterpart",
          "If both have it, name the pair in a file, old name, tab, new name, and pass it with --map. If the new program has it "
          "and Keras does not list it, it is not tracked: make it under onevar.keras.track_v1_variables.", causes_state.unmapped),
    Cause("random", ("random",), "The new program draws random numbers of its own",
          "Compare with the rate set to 0, or draw in the same shapes, so that the old numbers can be given out.",
          causes_state.random),
    Cause("softmax twice", _VALUES, "The softmax is applied twice, or not at all",
          "The loss takes logits: give it the layer before the softmax, or say from_logits=False.",
          causes_losses.softmax_twice),
    Cause("loss clipped", _VALUES, "Probabilities are clipped before the logarithm",
          "Keras cuts probabilities off at 1e-7. Compute the loss from logits, as the old program does, or write its "
          "formula with keras.ops.", causes_losses.clipped),
    Cause("leaky slope", _VALUES, "leaky_relu has another slope",
          "Say the slope: 0.2 is TensorFlow 1's, 0.3 Keras 3's layer's, 0.01 torch's.", causes_layers.leaky),
    Cause("gelu", _VALUES, "GELU is computed exactly here, by tanh there",
          "Say approximate=True, or False, as in the old program.", causes_layers.gelu),
    Cause("softmax axis", _VALUES, "The softmax is taken along another axis", "Say the axis.", causes_layers.softmax_axis),
    Cause("dropout rate", _VALUES, "Dropout keeps another share",
          "TensorFlow 1's keep_prob is the share that is kept, Keras's and torch's rate the share that is dropped: "
          "rate = 1 - keep_prob.", causes_layers.dropout),
    Cause("dropout active", _VALUES, "Dropout works in one program only",
          "Pass training=False where keep_prob was 1 and training=True where it was less; dropout that worked in evaluation "
          "too needs training=True there.", causes_layers.dropout_active),
    Cause("activation", _VALUES, "Another activation", "Say the activation of the old program.", causes_layers.activation),
    Cause("batch statistics", _VALUES, "One normalizes with the batch's statistics, the other with the moving ones",
          "Pass training=True where the old program trained, and False where it did not.", causes_layers.normalization_mode),
    Cause("normalization epsilon", _VALUES, "Normalization with another epsilon",
          "Say epsilon: 1e-3 is tf.layers' and Keras's, 1e-5 torch's, 1e-12 that of tf.contrib.layers.layer_norm.",
          causes_layers.normalization_epsilon),
    Cause("padding", _VALUES, "The borders are padded differently",
          "TensorFlow's SAME pads more after than before when the stride is even. Use padding='same' in Keras; in torch pad "
          "by hand before a convolution without padding.", causes_layers.padding),
    Cause("pool border", _VALUES, "Average pooling counts the padding on one side",
          "TensorFlow leaves the padding out of the mean: in torch say count_include_pad=False.", causes_layers.pool_border),
    Cause("resize grid", _VALUES, "Pictures are resized on another grid",
          "tf.image.resize_bilinear of TensorFlow 1 has its grid at the corners; Keras and torch have it at the centres. "
          "Keep onevar.v1's function, or say align_corners as in the old program.", causes_layers.resize),
    Cause("gate order", _VALUES, "The gates of the LSTM are in another order, or the forget gate has another bias",
          "TensorFlow 1 orders i, j, f, o and adds forget_bias=1 when it runs; Keras orders i, f, c, o and has the 1 in the "
          "bias. onevar convert moves both.", causes_layers.lstm),
    Cause("kernel layout", _VALUES, "A kernel is transposed",
          "TensorFlow and Keras keep [in, out], torch [out, in]; onevar convert transposes.", causes_layers.transposed),
    Cause("flatten order", _VALUES, "Features are flattened in another order",
          "Channels come last in TensorFlow, first in torch: permute before flattening, or permute the rows of the next "
          "kernel (onevar convert does).", causes_layers.flattened),
    Cause("integer division", _VALUES, "A division keeps its fraction on one side only",
          "In TensorFlow 1, tf.div of integers drops the fraction; write // there, and / where it is to be kept.",
          causes_layers.integer_division),
    Cause("l2 half", _VALUES, "Regularization counts twice, half, or not at all",
          "tf.nn.l2_loss and tf.contrib.layers.l2_regularizer are half the sum of squares: in Keras, L2(scale / 2).",
          causes_losses.regularization),
    Cause("loss reduction", _VALUES, "A mean here is a sum there",
          "Say the reduction: keras.losses average over the batch, tf.reduce_sum adds up.", causes_losses.reduction),
    Cause("precision", (*_VALUES, "gradients", *_MOVES), "One side computes in float64, the other in float32",
          "Say the dtype: keras.config.set_floatx('float64'), and JAX_ENABLE_X64=1 on JAX.", causes_state.precision),
    Cause("not tracked", ("gradients", *_MOVES), "A variable does not move in the new program",
          "It is not tracked, or not trainable: make it with add_weight, or under onevar.keras.track_v1_variables.",
          causes_optimizers.untouched),
    Cause("gradient stopped", ("gradients",), "The new program has no gradient for a variable",
          "The loss does not depend on it there: look for a value that was computed in NumPy, detached, or rounded.",
          causes_optimizers.no_gradient),
    Cause("gradient scale", ("gradients",), "Gradients are all larger or smaller by one factor",
          "The losses differ by that factor, or the gradients are clipped or averaged on one side.",
          causes_optimizers.scaled_gradients),
    Cause("moving statistics not updated", _MOVES, "Batch normalization's statistics stay what they were",
          "Run tf.GraphKeys.UPDATE_OPS with the training operation; in Keras call the layer with training=True.",
          causes_optimizers.statistics_untouched),
    Cause("normalization momentum", _MOVES, "The moving statistics move at another rate",
          "Say momentum: 0.99 is tf.layers' and Keras's, 0.999 tf.contrib.layers' decay; torch's momentum is 1 minus that.",
          causes_optimizers.statistics_rate),
    Cause("biased variance", _MOVES, "The moving variance is corrected for the size of the batch on one side",
          "TensorFlow's fused batch norm, and torch's, multiply by n / (n - 1); Keras's does not. It shows where batches are "
          "small.", causes_optimizers.statistics_biased),
    Cause("Adam epsilon", _MOVES, "Adam's epsilon is another one, or elsewhere",
          "TensorFlow 1 has 1e-8, Keras 1e-7: say epsilon=1e-8. torch adds it to the corrected moment, which no setting "
          "changes.", causes_optimizers.adam_epsilon),
    Cause("RMSProp slot", _MOVES, "RMSProp starts elsewhere, or has its epsilon elsewhere",
          "TensorFlow 1 starts the mean of squares at 1 and adds epsilon under the root: use "
          "onevar.keras.optimizers.RMSprop.", causes_optimizers.rmsprop_slot),
    Cause("Adagrad start", _MOVES, "Adagrad starts elsewhere",
          "TensorFlow 1 and Keras start at 0.1, torch at 0: say initial_accumulator_value.", causes_optimizers.adagrad_start),
    Cause("nesterov", _MOVES, "Momentum is Nesterov's on one side", "Say nesterov.", causes_optimizers.nesterov),
    Cause("learning rate", _MOVES, "Another learning rate",
          "Every variable moves by the same factor more or less: look at the rate, its schedule, and where steps are counted.",
          causes_optimizers.learning_rate),
    Cause("weight decay", _MOVES, "Variables decay on one side",
          "The difference is proportional to the variable itself: say weight_decay, or leave it out.",
          causes_optimizers.weight_decay),
    Cause("clipping", _MOVES, "Gradients are clipped on one side",
          "Say clipnorm, global_clipnorm or clipvalue as the old program does.", causes_optimizers.clipping),
)  # fmt: skip
#: What explains a loss that is wrong because of what came before it better than that does.
_DEEPER = ("softmax twice", "loss clipped")
_BY_KEY = {cause.key: cause for cause in TABLE}


def find(old: Trace, new: Trace, compared: list[Compared], known: list[Link]) -> list[Finding]:
    """Return the probable causes, those of the first difference first, then what has not shown yet.

    Args:
        old: The old run.
        new: The new one.
        compared: Their events, compared.
        known: Which variables are which.
    """
    found: list[Finding] = []
    for one in compared:
        failing = [row for row in one.rows if row.fails]
        for row in failing:
            found.extend(of_row(old, new, one, row))
            if found:
                break
        deeper = [f for row in failing if row.kind == "losses" for f in of_row(old, new, one, row) if f.key in _DEEPER]
        found = [*deeper, *(finding for finding in found if all(finding.key != other.key for other in deeper))]
        if failing:
            break
    visible = {finding.key for finding in found}
    hidden = causes_state.settings(old, new) + causes_state.initializers(old, new, known)
    found.extend(replace(finding, visible=False) for finding in hidden if finding.key not in visible)
    return found


def of_row(old: Trace, new: Trace, one: Compared, row: Row) -> Iterator[Finding]:
    """Yield the causes that explain one difference.

    Args:
        old: The old run.
        new: The new one.
        one: The event.
        row: The difference.
    """
    case = Case(old, new, one, row)
    for cause in TABLE:
        if row.kind in cause.kinds:
            seen = cause.test(case)
            if seen is not None:
                yield Finding(cause.key, cause.title, seen.text, cause.advice, f"{row.place}: {row.old or row.new}")


def by_key(key: str) -> Cause:
    """Return an entry of the table."""
    return _BY_KEY[key]
