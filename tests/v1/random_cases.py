"""What is recorded from TensorFlow about random numbers, and compared: shared by the recorder and the tests."""

import math

SEEDS = ((1, 2), (87654321, 3), (0, 5), (2**31 - 2, 2**31 - 2), (-7, 2**40 + 3))
SHAPES = ([], [1], [5], [3, 7], [2, 0], [131])
RUNS = 3
FLOATS = ("float16", "bfloat16", "float32", "float64")
FILLS = ("RandomUniform", "RandomStandardNormal", "TruncatedNormal")
RANGES = {
    "int32": ((0, 10), (-5, 3), (-(2**31), 2**31 - 1), (0, 2**31 - 1)),
    "int64": ((0, 10), (-5, 3), (-(2**63), 2**63 - 1), (0, 2**63 - 1)),
}
LARGE = (100_003, 1_000_001)
STATELESS = {
    "StatelessRandomUniform": FLOATS,
    "StatelessRandomNormal": FLOATS,
    "StatelessTruncatedNormal": FLOATS,
    "StatelessRandomUniformFullInt": ("int32", "uint32", "int64", "uint64"),
}
ALPHA = [0.3, 1.0, 2.5, 40.0, 0.9]
RATES = [0.5, 3.0, 9.5, 10.0, 55.0, 1000.0]
LOGITS = [[0.1, 2.0, -1.0, 0.5], [5.0, 5.0, -math.inf, 1.0], [-1000.0, -1000.5, -2000.0, -1001.0]]

# Expressions of the API; each is built in a graph of its own, with a graph-level seed and without where it has a seed.
SEEDED = (
    "tf.random_normal([2, 3], seed=3)",
    "tf.random_normal([2, 3], 1.0, 2.0, tf.float64, seed=3, name='q')",
    "tf.random_normal(tf.constant([4]), stddev=tf.constant(0.5), seed=3)",
    "tf.random.normal((2, tf.Dimension(3)), seed=0)",
    "tf.random.normal(tf.TensorShape([2, 2]), dtype=tf.float16, seed=9)",
    "tf.truncated_normal([5], 0.5, 0.1, seed=3)",
    "tf.random.truncated_normal([5], dtype=tf.bfloat16, seed=2**35)",
    "tf.random_uniform([2, 3], seed=3)",
    "tf.random_uniform([2, 3], 1.0, 2.0, seed=3)",
    "tf.random_uniform([2, 3], 0, 5, seed=3)",
    "tf.random_uniform([], -1, 1, tf.float64, seed=3)",
    "tf.random_uniform([9], 1, 5, tf.int32, seed=3, name='dice')",
    "tf.random_uniform([9], maxval=2**40, dtype=tf.int64, seed=3)",
    "tf.random.uniform([0], seed=3)",
    "tf.random_shuffle(np.arange(10), seed=1)",
    "tf.random.shuffle([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], seed=7, name='cards')",
    "tf.random_shuffle([3], seed=1)",
    "tf.multinomial(np.log([[0.2, 0.3, 0.5]]), 5, seed=1)",
    "tf.multinomial([[1.0, 2.0, 3.0]], tf.constant(3), seed=1, output_dtype=tf.int32)",
    "tf.random.categorical([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]], 4, dtype=tf.int32, seed=5)",
    "tf.random.multinomial([[0.5, 0.5]], 0, seed=5)",
    "tf.random_gamma([4], [0.5, 1.0, 7.0], 2.0, seed=4)",
    "tf.random.gamma([], [0.5, 1.0], seed=4, dtype=tf.float64)",
    "tf.random_gamma([2], [[1.0], [3.0]], [1.0, 2.0], seed=4, name='g')",
    "tf.random_poisson([0.5, 12.0], [6], seed=4)",
    "tf.random.poisson([0.5, 12.0], [2, 2], dtype=tf.int64, seed=4)",
    "tf.random_crop(np.arange(30.0).reshape(5, 6), [2, 3], seed=4)",
    "tf.image.random_crop(np.arange(24).reshape(2, 3, 4), (1, 2, 4), seed=4, name='cut')",
)
UNSEEDED = (
    "tf.random_normal([2, 3])",
    "tf.truncated_normal([5])",
    "tf.random_uniform([2, 3], -1.0)",
    "tf.random_uniform([4], 0, 9, tf.int64)",
    "tf.random_shuffle(np.arange(10))",
    "tf.add_n([tf.random_normal([3]), tf.random_uniform([3]), tf.truncated_normal([3])])",
    "tf.random_normal([3]) + tf.random_normal([3], seed=1) * tf.random_normal([3])",
)
PURE = (
    "tf.random.stateless_uniform([7], [1, 2])",
    "tf.random.stateless_uniform([2, 2], seed=tf.constant([5, -6], tf.int64), minval=1.0, maxval=3.0, name='z')",
    "tf.random.stateless_uniform([7], [1, 2], dtype=tf.float64)",
    "tf.random.stateless_uniform([7], [1, 2], 1, 5, tf.int32)",
    "tf.random.stateless_uniform([7], [1, 2], -3, 2**40, tf.int64)",
    "tf.random.stateless_uniform([7], [3, 2], None, None, tf.int32)",
    "tf.random.stateless_uniform([7], [3, 2], None, None, tf.uint32)",
    "tf.random.stateless_normal([7], [0, 0])",
    "tf.random.stateless_normal([7], [1, 2], 5.0, 0.5, tf.float16)",
    "tf.random.stateless_truncated_normal([7], [1, 2], stddev=2.0)",
    "tf.random.stateless_categorical([[1.0, 2.0, 3.0]], 6, [1, 2])",
    "tf.random.stateless_multinomial([[1.0, 2.0, 3.0]], 6, seed=[1, 2], output_dtype=tf.int32)",
    "tf.random.stateless_gamma([3, 2], [1, 2], [0.5, 2.0])",
    "tf.random.stateless_poisson([3, 2], [1, 2], [0.5, 20.0])",
    "tf.random.split([1, 2], 3)",
    "tf.random.fold_in([1, 2], 3)",
    "tf.random.experimental.stateless_shuffle(np.arange(9), seed=[1, 2])",
)

# Initializers: an expression, the arguments of the call, and whether it takes a seed (written as `{seed}`).
INITIALIZERS = (
    ("tf.zeros_initializer()", "[2, 3]"),
    ("tf.initializers.zeros(tf.int32)", "[2]"),
    ("tf.ones_initializer()", "[2, 3], tf.float64"),
    ("tf.initializers.ones(dtype=tf.float16)", "[3]"),
    ("tf.constant_initializer(2)", "[2, 3]"),
    ("tf.constant_initializer([1, 2, 3, 4], tf.int32)", "[2, 2]"),
    ("tf.initializers.constant([1.0, 2.0])", "[2, 3]"),
    ("tf.random_uniform_initializer({seed})", "[4, 3]"),
    ("tf.random_uniform_initializer(-0.05, 0.05{comma}{seed})", "[4, 3]"),
    ("tf.initializers.random_uniform(0, 9{comma}{seed}, dtype=tf.int32)", "[6]"),
    ("tf.random_normal_initializer({seed})", "[4, 3]"),
    ("tf.initializers.random_normal(1.0, 0.1{comma}{seed}, dtype=tf.float64)", "(4, 3)"),
    ("tf.truncated_normal_initializer(stddev=0.02{comma}{seed})", "[4, 3]"),
    ("tf.initializers.truncated_normal({seed})", "[4, 3], tf.bfloat16"),
    ("tf.uniform_unit_scaling_initializer(1.5{comma}{seed})", "[6, 5]"),
    ("tf.initializers.uniform_unit_scaling({seed})", "[5]"),
    ("tf.variance_scaling_initializer({seed})", "[6, 5]"),
    ("tf.variance_scaling_initializer(2.0, 'fan_out', 'normal'{comma}{seed})", "[6, 5]"),
    ("tf.initializers.variance_scaling(2.0, 'fan_avg', 'uniform'{comma}{seed})", "[3, 3, 4, 5]"),
    ("tf.initializers.variance_scaling(0.5, 'fan_in', 'untruncated_normal'{comma}{seed})", "[3, 4, 5]"),
    ("tf.initializers.variance_scaling(0.5, 'fan_in', 'truncated_normal'{comma}{seed})", "[7]"),
    ("tf.initializers.variance_scaling(0.5, 'fan_avg'{comma}{seed})", "[]"),
    ("tf.glorot_uniform_initializer({seed})", "[6, 5]"),
    ("tf.initializers.glorot_uniform({seed})", "[3, 3, 2, 4]"),
    ("tf.glorot_normal_initializer({seed})", "[6, 5]"),
    ("tf.initializers.glorot_normal({seed})", "[6, 5], tf.float64"),
    ("tf.initializers.he_normal({seed})", "[6, 5]"),
    ("tf.initializers.he_uniform({seed})", "[6, 5]"),
    ("tf.initializers.lecun_normal({seed})", "[6, 5]"),
    ("tf.initializers.lecun_uniform({seed})", "[6, 5]"),
    ("tf.orthogonal_initializer({seed})", "[6, 5]"),
    ("tf.initializers.orthogonal(2.0{comma}{seed})", "[3, 2, 8]"),
    ("tf.initializers.identity()", "[3, 4]"),
    ("tf.initializers.identity(2.0)", "(3, 3)"),
)


def initializer_cases() -> list[str]:
    """The calls as expressions: with an op seed, and for those that take one also without."""
    cases = []
    for made, called in INITIALIZERS:
        cases.append(f"{made.format(seed='seed=3', comma=', ')}({called})")
        if "{seed}" in made:
            without = made.format(seed="", comma="").replace("(, ", "(")
            cases.append(f"{without}({called})")
    return cases
