"""What of TensorFlow 1 is not offered, and what to do instead; names that few programs do more with than import."""

from onevar.v1.export import is_value, when_loaded
from onevar.v1.refusals import export_refused

_ADVICE = {
    "Eager code differentiates with the framework's own means: torch.autograd, jax.grad; graphs with tf.gradients.": (
        "GradientTape contrib.eager.GradientTape contrib.eager.implicit_gradients contrib.eager.gradients_function "
        "contrib.eager.value_and_gradients_function contrib.eager.implicit_value_and_gradients "
        "python.eager.backprop.GradientTape"
    ),
    "A Session compiles what it runs: call the Python function itself.": (
        "function contrib.eager.function contrib.eager.defun wrap_function xla.experimental.compile contrib.xla.compile"
    ),
    "Use variables of variable scopes and tf.layers, or Keras 3 and onevar.keras.track_v1_variables.": (
        "Module contrib.eager.Network"
    ),
    "Shared libraries of TensorFlow's ops need TensorFlow: write the op with tf.py_func, or of ops that there are.": (
        "load_op_library load_library load_file_system_library contrib.util.load_op_library "
        "contrib.util.loader.load_op_library python.framework.load_library.load_op_library user_ops.my_fact"
    ),
    "Export the graph, and convert it with TensorFlow itself: tf.saved_model.simple_save, then tf.lite.": (
        "lite.TFLiteConverter lite.TocoConverter lite.Interpreter lite.OpsSet lite.Optimize lite.TargetSpec "
        "lite.OpHint lite.RepresentativeDataset lite.toco_convert contrib.lite.TFLiteConverter "
        "contrib.lite.TocoConverter contrib.lite.Interpreter contrib.lite.toco_convert"
    ),
    "Quantize a trained model with the tools of the framework that serves it.": (
        "contrib.quantize.create_training_graph contrib.quantize.create_eval_graph "
        "contrib.quantize.experimental_create_training_graph contrib.quantize.experimental_create_eval_graph "
        "nn.quantized_avg_pool nn.quantized_conv2d nn.quantized_max_pool nn.quantized_relu_x quantized_concat "
        "quantization.quantized_concat"
    ),
    "There is no TPU support: take the CPU or GPU branch of the program.": (
        "tpu.replicate tpu.shard tpu.batch_parallel tpu.rewrite tpu.initialize_system tpu.shutdown_system "
        "contrib.tpu.TPUEstimator contrib.tpu.TPUEstimatorSpec contrib.tpu.RunConfig contrib.tpu.TPUConfig "
        "contrib.tpu.keras_to_tpu_model"
    ),
    "Write the training loop with tf.train.MonitoredTrainingSession, or use scikit-learn or Keras 3.": (
        "contrib.learn.DNNClassifier contrib.learn.DNNRegressor contrib.learn.LinearClassifier "
        "contrib.learn.LinearRegressor contrib.learn.Estimator contrib.learn.Experiment contrib.learn.KMeansClustering "
        "contrib.learn.SVM contrib.learn.LogisticRegressor contrib.learn.SKCompat contrib.learn.RunConfig "
        "contrib.learn.MetricSpec contrib.learn.ModelFnOps contrib.learn.InputFnOps contrib.learn.run_n "
        "contrib.factorization.KMeansClustering contrib.factorization.GMM contrib.factorization.KMeans "
        "contrib.factorization.WALSMatrixFactorization contrib.timeseries.ARRegressor "
        "contrib.timeseries.TimeSeriesRegressor contrib.tensor_forest.random_forest.TensorForestEstimator "
        "contrib.estimator.multi_head contrib.estimator.RNNClassifier contrib.estimator.replicate_model_fn "
        "contrib.estimator.TowerOptimizer contrib.kernel_methods.KernelLinearClassifier"
    ),
    "Use tf.contrib.rnn.LSTMBlockFusedCell, or LSTMBlockCell with tf.nn.dynamic_rnn; weights convert by name.": (
        "contrib.cudnn_rnn.CudnnLSTM contrib.cudnn_rnn.CudnnGRU contrib.cudnn_rnn.CudnnRNNRelu "
        "contrib.cudnn_rnn.CudnnRNNTanh"
    ),
    "Change the graph as it is built, or with tf.import_graph_def(input_map=...).": (
        "contrib.graph_editor.graph_replace contrib.graph_editor.copy contrib.graph_editor.sgv "
        "contrib.graph_editor.make_view contrib.graph_editor.select_ops contrib.graph_editor.reroute_ts "
        "contrib.graph_editor.swap_ts contrib.graph_editor.get_backward_walk_ops contrib.graph_editor.Transformer "
        "contrib.graph_editor.copy_with_input_replacements contrib.graph_editor.add_control_inputs"
    ),
    "Install the package tf_slim, which has it: `from tf_slim.nets import inception`, `onevar run --also tf_slim`.": (
        "contrib.slim.nets.inception.inception_v1 contrib.slim.nets.inception.inception_v1_base "
        "contrib.slim.nets.inception.inception_v1_arg_scope contrib.slim.nets.inception.inception_v2 "
        "contrib.slim.nets.inception.inception_v2_base contrib.slim.nets.inception.inception_v2_arg_scope "
        "contrib.slim.nets.inception.inception_v3 contrib.slim.nets.inception.inception_v3_base "
        "contrib.slim.nets.inception.inception_v3_arg_scope"
    ),
    "Look at values with tf.Print, tf.add_check_numerics_ops, or sess.run of the tensor by its name.": (
        "python.debug.LocalCLIDebugWrapperSession python.debug.DumpingDebugWrapperSession "
        "python.debug.TensorBoardDebugWrapperSession python.debug.LocalCLIDebugHook python.debug.has_inf_or_nan "
        "python.debug.DumpingDebugHook python.debug.TensorBoardDebugHook python.debug.watch_graph"
    ),
    "Decode audio and video before the program, into TFRecord files or arrays.": (
        "contrib.ffmpeg.decode_audio contrib.ffmpeg.decode_video contrib.ffmpeg.encode_audio"
    ),
    "Serve it with TensorFlow itself: tf.saved_model.simple_save writes what its predictors load.": (
        "contrib.predictor.from_saved_model contrib.predictor.from_estimator contrib.predictor.from_contrib_estimator"
    ),
}


def _offer() -> None:
    for advice, names in _ADVICE.items():
        export_refused(advice, *(name for name in names.split() if not is_value(name)))


when_loaded(_offer)
