"""Programs of candidate samplers and of the losses over what they draw."""

import numpy as np

TRUE = np.array([[1], [0], [4], [4]], np.int64)
PAIRS = np.array([[1, 3], [0, 2], [4, 5]], np.int64)
WEIGHTS = np.linspace(-1, 1, 90, dtype=np.float32).reshape(30, 3)
BIASES = np.linspace(-0.2, 0.3, 30, dtype=np.float32)
INPUTS = np.linspace(-0.5, 1.5, 12, dtype=np.float32).reshape(4, 3)
UNIGRAMS = (1.0, 5.0, 0.5, 3.0, 2.0, 7.5, 0.25)


def each(sampler, seeds=(1, 2, 3, 77, 2**31), **options):
    """A program that draws with several seeds."""

    def build(tf):
        return [tuple(getattr(tf.nn, sampler)(seed=seed, **options)) for seed in seeds]

    return build


def drawn(sampler, true_classes=TRUE, num_sampled=4, unique=True, range_max=50, **options):
    return each(
        sampler,
        true_classes=true_classes,
        num_true=true_classes.shape[1],
        num_sampled=num_sampled,
        unique=unique,
        range_max=range_max,
        **options,
    )


SAMPLERS = {
    "uniform": drawn("uniform_candidate_sampler"),
    "uniform_again": drawn("uniform_candidate_sampler", unique=False, num_sampled=9),
    "uniform_power": drawn("uniform_candidate_sampler", PAIRS, range_max=64, num_sampled=60),
    "uniform_large": drawn("uniform_candidate_sampler", range_max=2**40 + 12345, num_sampled=5),
    "uniform_rejects": drawn("uniform_candidate_sampler", range_max=2**62 + 2**61 + 1, num_sampled=30, unique=False),
    "log_uniform": drawn("log_uniform_candidate_sampler"),
    "log_uniform_again": drawn("log_uniform_candidate_sampler", PAIRS, unique=False, num_sampled=64),
    "log_uniform_all": drawn("log_uniform_candidate_sampler", range_max=20, num_sampled=20),
    "log_uniform_many": drawn("log_uniform_candidate_sampler", range_max=50000, num_sampled=64),
    "learned_unigram": drawn("learned_unigram_candidate_sampler", PAIRS),
    "learned_unigram_again": drawn("learned_unigram_candidate_sampler", PAIRS, unique=False, range_max=7),
    "fixed_unigram": drawn("fixed_unigram_candidate_sampler", unigrams=UNIGRAMS, range_max=7),
    "fixed_unigram_again": drawn(
        "fixed_unigram_candidate_sampler", unigrams=UNIGRAMS, range_max=7, unique=False, num_sampled=33, distortion=0.75
    ),
    "fixed_unigram_power": drawn(
        "fixed_unigram_candidate_sampler", unigrams=UNIGRAMS, range_max=8, num_reserved_ids=1, num_sampled=5
    ),
    "fixed_unigram_shard": drawn(
        "fixed_unigram_candidate_sampler", unigrams=UNIGRAMS * 3, range_max=10, num_shards=2, shard=1, num_sampled=5
    ),
    "all": each("all_candidate_sampler", true_classes=PAIRS, num_true=2, num_sampled=6, unique=True),
    "accidental_hits": lambda tf: [
        tuple(tf.nn.compute_accidental_hits(PAIRS, [2, 7, 4, 0, 4], 2)),
        tuple(tf.nn.compute_accidental_hits(PAIRS, tf.zeros([0], tf.int64), 2, name="named")),
        tuple(tf.random.uniform_candidate_sampler(TRUE, 1, 2, True, 9, seed=3, name="named_too")),
    ],
}


def _weights(tf):
    return tf.get_variable("weights", initializer=WEIGHTS), tf.get_variable("biases", initializer=BIASES)


def _parts(tf):
    halves = [tf.constant(WEIGHTS[i::2]) for i in range(2)]
    return halves, [tf.constant(BIASES[i::2]) for i in range(2)]


def _sampled(tf):
    return tf.nn.uniform_candidate_sampler(TRUE, 1, 5, True, 30, seed=4)


LOSSES = {
    "nce": lambda tf: [
        tf.set_random_seed(1),
        tf.nn.nce_loss(*_weights(tf), TRUE, tf.constant(INPUTS), num_sampled=6, num_classes=30),
    ][1:],
    "nce_named": lambda tf: [
        tf.set_random_seed(2),
        tf.nn.nce_loss(
            *_weights(tf), tf.constant(PAIRS, tf.int32), tf.constant(INPUTS[:3]), 6, 30, 2, name="named",
            remove_accidental_hits=True,
        ),
    ][1:],
    "nce_values": lambda tf: tf.nn.nce_loss(
        WEIGHTS, BIASES, tf.constant(TRUE), tf.constant(INPUTS), 5, 30, sampled_values=_sampled(tf)
    ),
    "nce_parts": lambda tf: tf.nn.nce_loss(
        *_parts(tf), tf.constant(TRUE), tf.constant(INPUTS), 5, 30, sampled_values=_sampled(tf)
    ),
    "softmax": lambda tf: tf.nn.sampled_softmax_loss(
        *_weights(tf),
        tf.placeholder_with_default(TRUE, [None, 1]),
        tf.placeholder_with_default(INPUTS, [None, 3]),
        6,
        30,
        seed=7,
    ),
    "softmax_pairs": lambda tf: tf.nn.sampled_softmax_loss(
        WEIGHTS, BIASES, tf.constant(PAIRS), tf.constant(INPUTS[:3]), 20, 30, 2, seed=9, name="named"
    ),
    "softmax_kept": lambda tf: tf.nn.sampled_softmax_loss(
        WEIGHTS, BIASES, TRUE, INPUTS, 20, 30, seed=9, remove_accidental_hits=False, partition_strategy="div"
    ),
}  # fmt: skip

ERRORS = {
    "rank": lambda tf: tf.nn.uniform_candidate_sampler([1, 2], 1, 2, True, 9),
    "true": lambda tf: tf.nn.uniform_candidate_sampler(PAIRS, 0, 2, True, 9),
    "large": lambda tf: tf.nn.learned_unigram_candidate_sampler(PAIRS, 2, 2, True, 2**31),
    "softmax_type": lambda tf: tf.nn.sampled_softmax_loss(
        WEIGHTS, BIASES, tf.constant(PAIRS), tf.constant(INPUTS[:3], tf.float16), 20, 30, 2
    ),
    "hits": lambda tf: tf.nn.compute_accidental_hits(PAIRS, [1], 3),
}

RUN_ERRORS = {
    "columns": lambda tf: tf.nn.uniform_candidate_sampler(PAIRS, 1, 2, True, 9),
    "range": lambda tf: tf.nn.log_uniform_candidate_sampler(TRUE, 1, 10, True, 9),
    "outside": lambda tf: tf.nn.uniform_candidate_sampler(TRUE, 1, 2, True, 4),
    "negative": lambda tf: tf.nn.log_uniform_candidate_sampler(-TRUE, 1, 2, True, 9),
    "outside_all": lambda tf: tf.nn.all_candidate_sampler(TRUE, 1, 4, True),
    "no_unigrams": lambda tf: tf.nn.fixed_unigram_candidate_sampler(TRUE, 1, 2, True, 9),
    "fixed_range": lambda tf: tf.nn.fixed_unigram_candidate_sampler(TRUE, 1, 2, True, 9, unigrams=UNIGRAMS),
    "fixed_both": lambda tf: tf.nn.fixed_unigram_candidate_sampler(TRUE, 1, 2, True, 9, "file", unigrams=UNIGRAMS),
}
