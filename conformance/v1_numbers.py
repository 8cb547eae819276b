"""Programs about random numbers and initializers: TensorFlow's, number for number."""

from typing import Any

from onevar.conformance.v1_table import program, started, thrice


@program("V1-25")
def initializers(tf: Any) -> Any:
    """Every initializer gives TensorFlow's numbers."""
    names = (
        "zeros",
        "ones",
        "random_normal",
        "random_uniform",
        "truncated_normal",
        "glorot_uniform",
        "glorot_normal",
        "he_normal",
        "he_uniform",
        "lecun_normal",
        "lecun_uniform",
        "variance_scaling",
        "uniform_unit_scaling",
    )
    made = []
    for name in names:
        seeded = {} if name in ("zeros", "ones") else {"seed": 3}
        made.append(tf.get_variable(name, [3, 4], initializer=getattr(tf.initializers, name)(**seeded)))
    made.append(tf.get_variable("constant", [2, 2], initializer=tf.constant_initializer([1.0, 2.0, 3.0, 4.0])))
    made.append(tf.get_variable("normal", [5], initializer=tf.random_normal_initializer(1.0, 0.5, seed=9)))
    with started(tf) as session:
        return session.run(made)


@program("V1-25")
def seeds_of_the_graph(tf: Any) -> Any:
    """A graph's seed, with and without an op's, decides the initial values of all variables."""
    tf.set_random_seed(42)
    a = tf.get_variable("a", [4])
    b = tf.get_variable("b", [2, 3], initializer=tf.random_normal_initializer(seed=1))
    c = tf.Variable(tf.truncated_normal([3], stddev=0.1))
    with started(tf) as session:
        first = session.run([a, b, c])
    with started(tf) as session:
        second = session.run([a, b, c])
        session.run(tf.global_variables_initializer())
        return [first, second, session.run([a, b])]


@program("V1-26")
def random_numbers(tf: Any) -> Any:
    """Random ops give TensorFlow's numbers, run after run, between others in one plan."""
    x = tf.placeholder(tf.float32, [3])
    normal = tf.random_normal([3], seed=1)
    made = [
        normal,
        normal * x + 1.0,
        tf.random_uniform([2, 2], -1.0, 1.0, seed=2),
        tf.truncated_normal([4], 1.0, 0.5, seed=3),
        tf.random_uniform([5], 0, 100, tf.int32, seed=4),
        tf.random_shuffle([1, 2, 3, 4, 5], seed=5),
        tf.reduce_sum(tf.random_normal([4, 3], seed=6) * x, 1),
        tf.random_uniform([], seed=7),
    ]
    with tf.Session() as session:
        return [session.run(made, {x: [1.0, 2.0, k]}) for k in range(5)]


@program("V1-26")
def random_numbers_of_a_graph(tf: Any) -> Any:
    """Without seeds of their own, ops draw by the graph's seed and their place in it."""
    tf.set_random_seed(11)
    a, b = tf.random_normal([3]), tf.random_uniform([3])
    c = tf.random_uniform([4], maxval=9, dtype=tf.int32)
    with tf.Session() as session:
        return [thrice(session, [a, c]), thrice(session, b), thrice(session, [b, a])]


@program("V1-26", needs=("64bit",))
def random_numbers_of_64_bits(tf: Any) -> Any:
    """Wide random numbers."""
    made = [
        tf.random_uniform([3], maxval=2**40, dtype=tf.int64, seed=3),
        tf.random_normal([3], dtype=tf.float64, seed=2),
        tf.random_uniform([2], dtype=tf.float64, seed=2),
    ]
    with tf.Session() as session:
        return thrice(session, made)


@program("V1-26")
def random_numbers_of_varying_count(tf: Any) -> Any:
    """How many were drawn by one run decides where the next begins."""
    n = tf.placeholder(tf.int32, [])
    a, b = tf.random_uniform([n], seed=3), tf.random_normal([n, 2], seed=4)
    with tf.Session() as session:
        return [session.run([a, b], {n: count}) for count in (2, 2, 5, 1, 0, 3, 3)]


@program("V1-27")
def streams_of_a_session(tf: Any) -> Any:
    """Streams belong to the session: a new one begins again; runs of other plans share them."""
    a = tf.random_uniform([2], seed=1)
    b = a + 1.0
    with tf.Session() as first, tf.Session() as second:
        found = [first.run(a), first.run(b), first.run([a, b]), second.run(a), first.run(a), second.run(b)]
    with tf.Session() as session:
        return [*found, thrice(session, b)]


@program("V1-27")
def stateless_numbers(tf: Any) -> Any:
    """Stateless random ops are functions of their seed."""
    seed = tf.placeholder(tf.int32, [2])
    made = [
        tf.random.stateless_uniform([3], seed),
        tf.random.stateless_normal([2, 2], seed, 1.0, 2.0),
        tf.random.stateless_uniform([3], seed, 1, 50, tf.int32),
        tf.random.stateless_truncated_normal([3], [4, 5]),
    ]
    with tf.Session() as session:
        return [thrice(session, made, {seed: pair}) for pair in ([1, 2], [3, -4])]


@program("V1-27")
def noise_in_training(tf: Any) -> Any:
    """Random numbers and updates in one compiled plan."""
    v = tf.Variable([0.0, 0.0])
    noise = tf.random_normal([2], seed=8)
    kept = tf.cast(tf.random_uniform([2], seed=9) < 0.5, tf.float32)
    with tf.control_dependencies([noise]):
        step = v.assign_add(noise * kept)
    with started(tf) as session:
        return [session.run([step, noise, kept]) for _ in range(6)]
