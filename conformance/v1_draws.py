"""Programs about random numbers, sparse tensors, distributions and towers, as whole programs draw and use them."""

from typing import Any

import numpy as np

from onevar.conformance.v1_table import program, started, thrice

#: Of the graph and of the op.
_SEEDS = ((87654321, 3), (7, None))


def _samplers(tf: Any, seed: Any) -> list[Any]:
    """Samples of every kind, of sizes that leave blocks of the generator unfinished."""
    return [
        tf.random_uniform([3, 7], seed=seed),
        tf.random_uniform([5], 1, 9, tf.int32, seed=seed),
        tf.random_normal([5], seed=seed),
        tf.truncated_normal([9], seed=seed),
        tf.random_shuffle(tf.range(19), seed=seed),
        tf.multinomial([[0.1, 2.0, -1.0], [0.5, 0.5, 0.2]], 5, seed=seed),
        tf.random_poisson([0.5, 12.0], [3], seed=seed),
        tf.random_gamma([3], [0.5, 1.0, 7.0], seed=seed),
    ]


@program("V1-84")
def samplers(tf: Any) -> Any:
    """Samples of three runs, by the seeds of the graph and of the op."""
    drawn = []
    for graph_seed, seed in _SEEDS:
        tf.set_random_seed(graph_seed)
        drawn += _samplers(tf, seed)
    with started(tf) as session:
        return thrice(session, drawn)


@program("V1-85")
def samples_within_a_step(tf: Any) -> Any:
    """A training step that shuffles, samples actions and adds noise, several times over."""
    tf.set_random_seed(3)
    data = tf.placeholder(tf.float32, [None, 3])
    w = tf.get_variable("w", [3, 3], initializer=tf.truncated_normal_initializer(seed=1))
    rows = tf.random_shuffle(data, seed=2)
    logits = tf.matmul(rows, w)
    actions = tf.multinomial(logits, 2, seed=4)
    noise = tf.random_gamma([], tf.exp(logits[0]), seed=5)
    step = tf.assign_sub(w, 0.01 * tf.matmul(rows, tf.one_hot(actions[:, 0], 3) + noise, transpose_a=True))
    feed = {data: np.arange(12, dtype=np.float32).reshape(4, 3) / 10}
    with started(tf) as session:
        return thrice(session, [rows, actions, noise, step], feed)


@program("V1-86", needs=("gradients",))
def graph_of_sparse_inputs(tf: Any) -> Any:
    """A layer of a graph network: a fed adjacency with attention over neighbours, and its gradients."""
    edges = tf.sparse_placeholder(tf.float32, [4, 4])
    features = tf.placeholder(tf.float32, [4, 3])
    w = tf.get_variable("w", [3, 2], initializer=tf.constant_initializer(0.2))
    a = tf.get_variable("a", [2, 1], initializer=tf.constant_initializer([0.5, -0.3]))
    h = tf.matmul(features, w)
    scores = tf.sparse_add(edges * tf.matmul(h, a), edges * tf.transpose(tf.matmul(h, -a)))
    attention = tf.sparse_softmax(scores)
    out = tf.sparse_tensor_dense_matmul(attention, h)
    loss = tf.reduce_sum(tf.square(out)) + tf.reduce_sum(tf.sparse_reduce_sum(scores, 1) * [1.0, 2.0, 3.0, 4.0])
    value = tf.SparseTensorValue(np.array([[0, 1], [0, 2], [1, 3], [2, 0], [3, 3]]), np.ones(5, np.float32), (4, 4))
    feed = {edges: value, features: np.arange(12, dtype=np.float32).reshape(4, 3) / 7}
    with started(tf) as session:
        return thrice(session, [attention.values, out, loss, *tf.gradients(loss, [w, a])], feed)


@program("V1-87", needs=("gradients",))
def policy_and_latent_variable(tf: Any) -> Any:
    """A policy's log-probabilities and entropy, and a latent variable with its divergence from the prior."""
    tf.set_random_seed(11)
    x = tf.placeholder(tf.float32, [2, 3])
    w = tf.get_variable("w", [3, 3], initializer=tf.constant_initializer([[0.1, -0.2, 0.3]] * 3))
    policy = tf.distributions.Categorical(logits=tf.matmul(x, w))
    actions = policy.sample(seed=1)
    latent = tf.distributions.Normal(tf.matmul(x, w), tf.nn.softplus(w[:1]))
    drawn = latent.sample(seed=2)
    prior = tf.distributions.Normal(0.0, 1.0)
    loss = tf.reduce_mean(tf.distributions.kl_divergence(latent, prior)) - tf.reduce_sum(policy.log_prob([0, 2]))
    loss += tf.reduce_mean(prior.log_prob(drawn)) - tf.reduce_mean(policy.entropy())
    feed = {x: [[0.5, -1.0, 2.0], [1.0, 0.0, -0.5]]}
    with started(tf) as session:
        return thrice(session, [actions, drawn, loss, *tf.gradients(loss, w)], feed)


@program("V1-88", needs=("gradients",))
def towers(tf: Any) -> Any:
    """Two towers on devices that may not be there, variables on the CPU, averaged gradients."""
    x, y = tf.placeholder(tf.float32, [4, 2]), tf.placeholder(tf.float32, [4, 1])
    gradients, losses = [], []
    with tf.device("/cpu:0"):
        for index, (part, wanted) in enumerate(zip(tf.split(x, 2), tf.split(y, 2), strict=True)):
            with tf.device(f"/gpu:{index}"), tf.name_scope(f"tower_{index}"):
                with tf.variable_scope("net", reuse=tf.AUTO_REUSE), tf.device("/cpu:0"):
                    w = tf.get_variable("w", [2, 1], initializer=tf.constant_initializer([0.5, -0.5]))
                losses.append(tf.reduce_mean(tf.square(tf.matmul(part, w) - wanted)))
                gradients.append(tf.gradients(losses[-1], w)[0])
        step = tf.assign_sub(w, 0.1 * tf.reduce_mean(tf.stack(gradients), 0))
    devices = [tensor.device for tensor in (w, losses[0], losses[1], step)]
    feed = {x: np.arange(8, dtype=np.float32).reshape(4, 2) / 5, y: np.ones((4, 1), np.float32)}
    config = tf.ConfigProto(allow_soft_placement=True)
    with tf.Session(config=config) as session:
        session.run(tf.global_variables_initializer())
        return [devices, *thrice(session, [step, *losses], feed)]
