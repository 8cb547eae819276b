"""Writes the data that the programs here read, in the formats of 2016: `python prepare_data.py data`.

What TensorFlow 1 programs downloaded (MNIST, CIFAR-10, Penn Treebank, sentence pairs, movie reviews, ratings) is replaced
by what scikit-learn ships and by text made here from a small grammar, in the files that such programs expect.
"""

import csv
import gzip
import os
import random
import struct
import sys

import numpy as np
from sklearn.datasets import load_digits, load_iris

TEST = 297  # digits kept for testing


def digits(size, margin):
    """All 1,797 digits, each pixel `size` pixels wide, within a margin."""
    found = load_digits()
    images = np.kron(found.images, np.ones((1, size, size))) * 255.0 / 16.0
    images = np.pad(images, [(0, 0), (margin, margin), (margin, margin)], "constant")
    return np.round(images).astype(np.uint8), found.target.astype(np.uint8)


def write_idx(path, array):
    """The format of yann.lecun.com/exdb/mnist."""
    with gzip.GzipFile(path, "wb", mtime=0) as f:
        f.write(struct.pack(">I", 2048 + array.ndim) + struct.pack(">%dI" % array.ndim, *array.shape))
        f.write(array.tobytes())


def mnist(folder):
    images, labels = digits(3, 2)
    os.makedirs(folder, exist_ok=True)
    for name, chosen in (("train", slice(TEST, None)), ("t10k", slice(0, TEST))):
        write_idx(os.path.join(folder, name + "-images-idx3-ubyte.gz"), images[chosen])
        write_idx(os.path.join(folder, name + "-labels-idx1-ubyte.gz"), labels[chosen])


def cifar(folder):
    """The binary version of CIFAR-10: a byte of label, then the red, green and blue of 32 x 32 pixels."""
    images, labels = digits(4, 0)
    order = np.random.RandomState(0)
    tint = order.uniform(0.4, 1.0, size=(len(images), 3, 1, 1))
    pixels = np.round(images[:, None] * tint).astype(np.uint8)
    records = np.concatenate([labels[:, None], pixels.reshape(len(images), -1)], axis=1)
    folder = os.path.join(folder, "cifar-10-batches-bin")
    os.makedirs(folder, exist_ok=True)
    records[:TEST].tofile(os.path.join(folder, "test_batch.bin"))
    for i, part in enumerate(np.array_split(records[TEST:], 5)):
        part.tofile(os.path.join(folder, "data_batch_%d.bin" % (i + 1)))


SUBJECTS = "the cat|the dog|a bird|my sister|the old man|our teacher|a small child|the farmer".split("|")
VERBS = "sees|likes|follows|hears|feeds|remembers".split("|")
OBJECTS = "the red ball|a green apple|the river|her brother|an empty house|the long road|some bread".split("|")
PLACES = "in the garden|at night|near the sea|on monday|behind the barn|without a word".split("|")


def sentence(rand):
    words = [rand.choice(SUBJECTS), rand.choice(VERBS), rand.choice(OBJECTS)]
    if rand.random() < 0.6:
        words.append(rand.choice(PLACES))
    if rand.random() < 0.3:
        words += ["and", rand.choice(VERBS), rand.choice(OBJECTS)]
    return " ".join(words)


def write_lines(path, lines):
    with open(path, "w") as f:
        f.write("".join(line + "\n" for line in lines))


def language(folder):
    """`ptb.{train,valid,test}.txt`, and `input.txt` for models of characters."""
    rand = random.Random(1)
    os.makedirs(folder, exist_ok=True)
    for name, count in (("train", 900), ("valid", 120), ("test", 120)):
        write_lines(os.path.join(folder, "ptb.%s.txt" % name), [" " + sentence(rand) + " " for _ in range(count)])
    write_lines(os.path.join(folder, "input.txt"), [sentence(rand).capitalize() + "." for _ in range(400)])


def pairs(folder):
    """Sentences and their translation, word by word into an invented language that puts the verb last."""
    rand = random.Random(2)
    os.makedirs(folder, exist_ok=True)

    def foreign(word):
        return word[::-1] + "o"

    def translate(words):
        verbs = [w for w in words if w in VERBS]
        return [foreign(w) for w in words if w not in VERBS] + [foreign(w) for w in verbs]

    for name, count in (("train", 600), ("dev", 60)):
        source = [sentence(rand).split() for _ in range(count)]
        write_lines(os.path.join(folder, name + ".src"), [" ".join(words) for words in source])
        write_lines(os.path.join(folder, name + ".tgt"), [" ".join(translate(words)) for words in source])
    known = sorted({w for phrase in SUBJECTS + VERBS + OBJECTS + PLACES + ["and"] for w in phrase.split()})
    special = ["<unk>", "<s>", "</s>"]
    write_lines(os.path.join(folder, "vocab.src"), special + known)
    write_lines(os.path.join(folder, "vocab.tgt"), special + [foreign(w) for w in known])


GOOD = "a delight|wonderful acting|warm and funny|beautifully shot|never boring|a small masterpiece".split("|")
BAD = "a mess|wooden acting|slow and dull|badly lit|never funny|a waste of time".split("|")
NEUTRAL = "it is set in paris|the film is long|there is a dog in it|the plot is about a heist|it has a sequel".split("|")


def reviews(folder):
    rand = random.Random(3)
    os.makedirs(folder, exist_ok=True)
    for name, phrases in (("pos", GOOD), ("neg", BAD)):
        lines = [
            " , ".join(rand.sample(NEUTRAL, rand.randint(1, 3)) + [rand.choice(phrases)]) + " ." for _ in range(300)
        ]
        write_lines(os.path.join(folder, "rt-polarity." + name), lines)


def ratings(folder):
    """`ratings.dat` in the format of MovieLens: user::movie::rating::time, from tastes of rank 3."""
    rand = np.random.RandomState(4)
    users, movies = rand.normal(size=(120, 3)), rand.normal(size=(80, 3))
    os.makedirs(folder, exist_ok=True)
    lines = []
    for i in range(4000):
        user, movie = rand.randint(120), rand.randint(80)
        rating = np.clip(np.round(3.2 + users[user].dot(movies[movie]) / 1.5 + rand.normal(0, 0.3)), 1, 5)
        lines.append("%d::%d::%d::%d" % (user + 1, movie + 1, rating, 978300000 + i))
    write_lines(os.path.join(folder, "ratings.dat"), lines)


def iris(folder):
    found = load_iris()
    os.makedirs(folder, exist_ok=True)
    order = np.random.RandomState(5).permutation(150)
    for name, chosen in (("iris_training.csv", order[:120]), ("iris_test.csv", order[120:])):
        with open(os.path.join(folder, name), "w", newline="") as f:
            writer = csv.writer(f, lineterminator="\n")
            writer.writerow([len(chosen), 4] + list(found.target_names))
            for i in chosen:
                writer.writerow(["%.1f" % x for x in found.data[i]] + [found.target[i]])


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else "data"
    for make in (mnist, cifar, language, pairs, reviews, ratings, iris):
        make(os.path.join(folder, make.__name__))


if __name__ == "__main__":
    main()
