"""How long a training step of one of the models takes, under TensorFlow or onevar: `python measure.py cnn`.

Prints JSON: the seconds until the first step was done (compilation included), those of a step after warm-up (the median
over rounds of all batches), and the most memory that the process had, in bytes.
"""

import argparse
import importlib
import itertools
import json
import resource
import statistics
import time

import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()


def seconds(call):
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def measure(module, batches, rounds, limit):
    tf.set_random_seed(1)
    net = module.model()
    fetches = [[loss, train] for (loss, _), train in zip(net.losses * len(net.train), net.train)]
    feeds = list(itertools.islice(module.batches(net), batches))
    with tf.Session(config=tf.ConfigProto(allow_soft_placement=True)) as sess:
        sess.run(tf.global_variables_initializer())

        def step(feed):
            for fetch in fetches:
                sess.run(fetch, feed)

        first = seconds(lambda: step(feeds[0]))
        for feed in feeds * 3:
            step(feed)
        times, started = [], time.perf_counter()
        while len(times) < rounds and (len(times) < 3 or time.perf_counter() - started < limit):
            times.append(seconds(lambda: [step(feed) for feed in feeds]) / len(feeds))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"first": first, "step": statistics.median(times), "best": min(times), "peak": peak}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--batches", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--limit", type=float, default=10.0, help="seconds for all rounds")
    options = parser.parse_args()
    print(json.dumps(measure(importlib.import_module(options.model), options.batches, options.rounds, options.limit)))


if __name__ == "__main__":
    main()
