"""Programs about `tf.contrib.training`, slim's loops, losses and metrics; see `training_loop_programs`."""

import os

import numpy as np
from training_loop_programs import counting, error, files, folder, logged

PROGRAMS = {}


def program(function):
    PROGRAMS[function.__name__] = function
    return function


@program
def evaluating(tf):
    with folder() as path:
        total = tf.get_variable("total", [], tf.float32, tf.zeros_initializer(), collections=["local_variables"])
        weight = tf.get_variable("weight", [], tf.float32, tf.constant_initializer(2.0))
        step, _ = counting(tf)
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            for number in (3, 5):
                session.run(tf.assign(step, number))
                saved = tf.train.Saver().save(session, os.path.join(path, "model"), global_step=step)
        update = tf.assign_add(total, weight)
        training = tf.contrib.training
        once = training.evaluate_once(
            saved, eval_ops=update, final_ops={"total": total}, hooks=[training.StopAfterNEvalsHook(4)]
        )
        with logged() as lines:
            repeated = training.evaluate_repeatedly(
                path, eval_ops=[update], final_ops=total, hooks=[training.StopAfterNEvalsHook(3)], timeout=0,
                max_number_of_evaluations=1,
            )  # fmt: skip
        paths = [os.path.basename(p) for p in tf.train.checkpoints_iterator(path, timeout=0)]
        return [
            float(once["total"]), float(repeated), [line for line in lines if line.startswith("Evaluation")], paths,
            training.wait_for_new_checkpoint(path, saved, timeout=0), error(training.SummaryAtEndHook),
        ]  # fmt: skip


@program
def slim_trains(tf):
    slim = tf.contrib.slim
    with folder() as path:
        _, count = counting(tf)
        with tf.control_dependencies([count]):
            train_op = tf.constant(2.5) * 2.0
        with logged() as lines:
            loss = slim.learning.train(
                train_op, path, number_of_steps=4, log_every_n_steps=2, save_summaries_secs=0, save_interval_secs=0
            )
        names = [op.name for op in tf.get_default_graph().get_operations() if op.name.startswith("train_step")]
        wrong = [
            error(slim.learning.train, None, path),
            error(slim.learning.train, train_op, None, summary_op=1),
            error(slim.learning.train, train_op, None, trace_every_n_steps=1),
            error(slim.learning.train, train_op, path, number_of_steps=0),
        ]
        return [float(loss), [x.partition(" (")[0] for x in lines if "loss" in x], names, files(path), wrong]


@program
def operations_that_train(tf):
    v = tf.get_variable("v", [2], tf.float32, tf.ones_initializer())
    loss = tf.reduce_sum(v * 3.0)
    tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, tf.no_op(name="moving"))
    training, slim = tf.contrib.training, tf.contrib.slim.learning
    made = slim.create_train_op(
        loss, tf.train.GradientDescentOptimizer(0.1), gradient_multipliers={"v": 2.0}, clip_gradient_norm=1.0
    )
    kept = ("train_op", "update_barrier", "multiply_grads", "GradientDescent")
    names = [op.name for op in tf.get_default_graph().get_operations() if op.name.startswith(kept)]
    return [
        names, [tensor.name for tensor in tf.get_collection(tf.GraphKeys.TRAIN_OP)], made.name,
        error(training.multiply_gradients, (), {}), error(training.multiply_gradients, [], {}),
        error(training.multiply_gradients, [], [1]), error(training.multiply_gradients, [(None, v)], {"v": 1.0}),
        error(training.train, made, None),
    ]  # fmt: skip


@program
def settings(tf):
    hparams = tf.contrib.training.HParams
    lines = (
        "b=3,a=2", "l=[4,5]", "l[1]=3", "a=1.5", "e=yes", "e=1", "z=1", "l=3", "b=[1]", "a=1,a=2",
        "l[0]=[1]", "a", "s=", "l=[ 7, 8 ]", "s=x=y",
    )  # fmt: skip

    def parsed(line):
        return str(hparams(a=1, b=2.0, s="x", e=True, l=[1, 2, 3]).parse(line))

    settings = hparams(a=1, b=2.0, s="x", e=True, l=[1, 2, 3])
    return [
        [error(parsed, line) if error(parsed, line) != ["nothing"] else parsed(line) for line in lines],
        settings.to_json(sort_keys=True), repr(settings), "a" in settings, settings.get("z", 4),
        error(settings.get, "a", "x"), error(settings.set_hparam, "a", "x"), error(settings.add_hparam, "a", 2),
        error(hparams, x=[]), error(hparams, values=1), settings.override_from_dict({"a": 7}).a,
        settings.to_proto().SerializeToString().__len__(), str(hparams(hparam_def=settings.to_proto()).a),
    ]  # fmt: skip


def losses(tf, weights):
    predictions = tf.constant(np.linspace(0.1, 0.9, 12, dtype=np.float32).reshape(4, 3))
    labels = tf.constant((np.arange(12) % 2).astype(np.float32).reshape(4, 3))
    losses = tf.contrib.losses
    made = [
        losses.absolute_difference(predictions, labels, weights), losses.log_loss(predictions, labels, weights),
        losses.mean_squared_error(predictions, labels, weights),
        losses.mean_pairwise_squared_error(predictions, labels, weights),
        losses.sigmoid_cross_entropy(predictions, labels, weights, label_smoothing=0.1),
        losses.softmax_cross_entropy(predictions, labels, weights),
        losses.sparse_softmax_cross_entropy(predictions, tf.constant([0, 1, 2, 1]), weights),
        losses.cosine_distance(predictions, labels, 1, weights), losses.get_total_loss(),
    ]  # fmt: skip
    with tf.Session() as session:
        return [[tensor.name for tensor in made], [round(float(value), 5) for value in session.run(made)]]


@program
def contrib_losses(tf):
    found = []
    for weights in (1.0, 0.0, np.float32([1, 0, 2, 0.5])):
        with tf.Graph().as_default():
            found.append(losses(tf, weights))
    return [found, error(tf.contrib.losses.cosine_distance, tf.constant([1.0]), tf.constant([1.0]))]


@program
def contrib_metrics(tf):
    metrics = tf.contrib.metrics
    values, labels = tf.placeholder(tf.float32, [None]), tf.placeholder(tf.bool, [None])
    sure, number = values > 0.5, tf.cast(labels, tf.float32)
    made = {
        "accuracy": metrics.streaming_accuracy(sure, labels), "auc": metrics.streaming_auc(values, labels),
        "mean": metrics.streaming_mean(values), "precision": metrics.streaming_precision(sure, labels),
        "recall": metrics.streaming_recall(sure, labels), "mse": metrics.streaming_mean_squared_error(values, number),
        "fpr": metrics.streaming_false_positive_rate(sure, labels),
        "fnr": metrics.streaming_false_negative_rate_at_thresholds(values, labels, [0.2, 0.6]),
        "pearson": metrics.streaming_pearson_correlation(values, number), "concat": metrics.streaming_concat(values),
        "f1": metrics.f1_score(labels, values), "count": metrics.count(values),
        "recall_at": metrics.recall_at_precision(labels, values, 0.6),
    }  # fmt: skip
    read, update = metrics.aggregate_metric_map(made)
    data = np.random.RandomState(0)
    with tf.Session() as session:
        session.run(tf.local_variables_initializer())
        for _ in range(3):
            session.run(update, {values: data.rand(6), labels: data.rand(6) > 0.4})
        found = session.run(read)
    names = sorted(variable.name for variable in tf.local_variables())
    return [[[name, np.round(found[name], 4).tolist()] for name in sorted(found)], names]


@program
def a_server_of_one_process(tf):
    server = tf.train.Server.create_local_server()
    first, second = tf.Graph(), tf.Graph()
    with first.as_default():
        v = tf.Variable(1.0, name="v")
        added = v.assign_add(1.0)
    with second.as_default():
        w = tf.Variable(9.0, name="v")
    with tf.Session(server.target, graph=first) as a, tf.Session(server.target, graph=second) as b:
        a.run(v.initializer)
        found = [float(a.run(added)), float(b.run(w))]
    with tf.Session(server.target, graph=second) as b:
        found.append(float(b.run(w)))
    return [
        found, server.target.startswith("grpc://localhost:"),
        error(tf.train.Server, {"a": ["localhost:0"], "b": ["localhost:0"]})[0], error(tf.Session, 3)[0],
    ]  # fmt: skip
