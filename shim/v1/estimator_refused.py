"""`tf.estimator` and `tf.distribute`: what is not offered, and what to do instead."""

from onevar.v1.export import export_lazily
from onevar.v1.refusals import export_refused

export_lazily("estimator.VocabInfo", "warm_starting", "VocabInfo")

_ESTIMATOR = (
    "Build the graph with the program's own model_fn(features, labels, mode), and run its train_op in "
    "tf.train.MonitoredTrainingSession(checkpoint_dir=model_dir, hooks=[tf.train.StopAtStepHook(last_step=...)]); "
    "evaluate with tf.contrib.training.evaluate_once. For new code, keras.Model.fit on the same backend."
)
_CANNED = "Write the model with tf.layers, which is a few lines, and train it in a session. " + _ESTIMATOR
_INPUTS = "Use tf.data.Dataset.from_tensor_slices(...).shuffle(...).batch(...).make_one_shot_iterator().get_next()."
_EXPORT = "Export with tf.saved_model.simple_save or tf.saved_model.builder.SavedModelBuilder."
_STRATEGY = (
    "Several devices are the framework's own affair: a mesh on jax (jax.sharding), torch.distributed, tf.distribute. "
    "In one process, average the gradients of towers by hand, as TensorFlow 1 programs did."
)

export_refused(_ESTIMATOR, *(f"estimator.{name}" for name in ("Estimator", "train_and_evaluate", "add_metrics")))
export_refused(
    _CANNED,
    *(
        f"estimator.{name}"
        for name in (
            "BaselineClassifier", "BaselineEstimator", "BaselineRegressor", "BoostedTreesClassifier",
            "BoostedTreesEstimator", "BoostedTreesRegressor", "DNNClassifier", "DNNEstimator",
            "DNNLinearCombinedClassifier", "DNNLinearCombinedEstimator", "DNNLinearCombinedRegressor", "DNNRegressor",
            "LinearClassifier", "LinearEstimator", "LinearRegressor", "BinaryClassHead", "Head",
            "LogisticRegressionHead", "MultiClassHead", "MultiHead", "MultiLabelHead", "PoissonRegressionHead",
            "RegressionHead", "classifier_parse_example_spec", "regressor_parse_example_spec",
        )
    ),
)  # fmt: skip
export_refused(_INPUTS, "estimator.inputs.numpy_input_fn", "estimator.inputs.pandas_input_fn")
export_refused(
    _EXPORT,
    *(
        f"estimator.{name}"
        for name in (
            "BestExporter", "Exporter", "FinalExporter", "LatestExporter", "export.ClassificationOutput",
            "export.ExportOutput", "export.PredictOutput", "export.RegressionOutput", "export.ServingInputReceiver",
            "export.TensorServingInputReceiver", "export.build_parsing_serving_input_receiver_fn",
            "export.build_raw_serving_input_receiver_fn",
        )
    ),
)  # fmt: skip
export_refused(
    _ESTIMATOR,
    *(
        f"estimator.experimental.{name}"
        for name in (
            "InMemoryEvaluatorHook", "KMeans", "LinearSDCA", "call_logit_fn", "make_early_stopping_hook",
            "make_stop_at_checkpoint_step_hook", "stop_if_higher_hook", "stop_if_lower_hook",
            "stop_if_no_decrease_hook", "stop_if_no_increase_hook",
        )
    ),
)  # fmt: skip
export_refused(
    _STRATEGY,
    *(
        f"distribute.{name}"
        for name in (
            "CrossDeviceOps", "HierarchicalCopyAllReduce", "InputContext", "MirroredStrategy", "NcclAllReduce",
            "OneDeviceStrategy", "ReductionToOneDevice", "experimental.CentralStorageStrategy",
            "experimental.MultiWorkerMirroredStrategy", "experimental.ParameterServerStrategy",
            "experimental.TPUStrategy", "experimental_set_strategy", "cluster_resolver.TPUClusterResolver",
        )
    ),
    *(
        f"contrib.distribute.{name}"
        for name in (
            "AllReduceCrossDeviceOps", "CollectiveAllReduceStrategy", "CrossDeviceOps", "DistributeConfig",
            "MirroredStrategy", "OneDeviceStrategy", "ParameterServerStrategy", "TPUStrategy",
        )
    ),
)  # fmt: skip
export_refused(
    "Save and restore with tf.train.Saver, which reads the checkpoints of tf.train.Checkpoint by variables' names.",
    "train.Checkpoint", "train.CheckpointManager", "train.experimental.PythonState",
)  # fmt: skip
export_refused(
    "Train with an optimizer of tf.train instead.", "train.sdca_fprint", "train.sdca_optimizer", "train.sdca_shrink_l1"
)
export_refused("Quantize with the framework's own tools.", "train.do_quantize_training_on_graphdef")
