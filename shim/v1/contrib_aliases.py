"""Names in `tf.contrib` for what has a name elsewhere too."""

from onevar.v1.export import alias

_SAME = """
contrib.framework argsort; sort; py_func; zero_initializer=zeros_initializer; \
init_from_checkpoint=train.init_from_checkpoint; list_variables=train.list_variables; \
load_checkpoint=train.load_checkpoint; load_variable=train.load_variable; TensorSpec; \
assert_scalar=assert_scalar; assert_same_float_dtype=debugging.assert_same_float_dtype; \
remove_squeezable_dimensions=python.ops.confusion_matrix.remove_squeezable_dimensions; \
get_global_step=train.get_global_step; create_global_step=train.create_global_step; \
get_or_create_global_step=train.get_or_create_global_step; assert_global_step=train.assert_global_step; \
is_tensor=is_tensor; BoundedTensorSpec=python.framework.tensor_spec.BoundedTensorSpec
contrib.nn conv1d_transpose=nn.conv1d_transpose; nth_element=python.ops.nn_ops.nth_element
contrib.util make_ndarray; make_tensor_proto; constant_value=get_static_value
contrib.stateless stateless_multinomial=random.stateless_multinomial; \
stateless_random_normal=random.stateless_normal; stateless_random_uniform=random.stateless_uniform; \
stateless_truncated_normal=random.stateless_truncated_normal
contrib.mixed_precision FixedLossScaleManager=train.experimental.FixedLossScale; \
LossScaleManager=train.experimental.LossScale
contrib.eager Variable; executing_eagerly; in_eager_mode=executing_eagerly; \
enable_eager_execution=enable_eager_execution; py_func=py_function; TensorArray
contrib.slim add_arg_scope=contrib.framework.add_arg_scope; arg_scope=contrib.framework.arg_scope; \
get_or_create_global_step=train.get_or_create_global_step; get_global_step=train.get_global_step; \
create_global_step=train.create_global_step; assert_global_step=train.assert_global_step; \
assert_or_get_global_step=contrib.framework.assert_or_get_global_step; deprecated=contrib.framework.deprecated; \
deprecated_arg_values=contrib.framework.deprecated_arg_values; make_all=python.util.all_util.make_all
contrib.signal frame=signal.frame; hamming_window=signal.hamming_window; hann_window=signal.hann_window; \
inverse_stft=signal.inverse_stft; inverse_stft_window_fn=signal.inverse_stft_window_fn; \
linear_to_mel_weight_matrix=signal.linear_to_mel_weight_matrix; \
mfccs_from_log_mel_spectrograms=signal.mfccs_from_log_mel_spectrograms; overlap_and_add=signal.overlap_and_add; \
stft=signal.stft
contrib.autograph to_code=autograph.to_code; to_graph=autograph.to_graph; \
do_not_convert=autograph.experimental.do_not_convert; set_loop_options=autograph.experimental.set_loop_options; \
Feature=autograph.experimental.Feature
contrib.checkpoint CheckpointManager=train.CheckpointManager
contrib.feature_column sequence_numeric_column=feature_column.sequence_numeric_column
contrib.cluster_resolver ClusterResolver=distribute.cluster_resolver.ClusterResolver; \
SimpleClusterResolver=distribute.cluster_resolver.SimpleClusterResolver; \
TFConfigClusterResolver=distribute.cluster_resolver.TFConfigClusterResolver; \
TPUClusterResolver=distribute.cluster_resolver.TPUClusterResolver
"""
#: Whole packages that are another one's names.
_PACKAGES = {
    "contrib.slim": "contrib.layers",
    "contrib.slim.layers": "contrib.layers",
    "contrib.slim.losses": "contrib.losses",
    "contrib.slim.metrics": "contrib.metrics",
    "contrib.slim.rnn": "contrib.rnn",
    "contrib.slim.contrib_framework": "contrib.framework",
    "contrib.grid_rnn.rnn": "contrib.rnn",
    "contrib.tpu": "tpu",
}


def _offer() -> None:
    for line in _SAME.strip().splitlines():
        package, _, entries = line.partition(" ")
        for entry in entries.split(";"):
            name, _, target = entry.strip().partition("=")
            alias(f"{package}.{name}", target or name)
    for name, target in _PACKAGES.items():
        alias(name, target)


_offer()
