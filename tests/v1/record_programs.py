"""Programs that parse records, for a TensorFlow that is given: recorded by golden/record_records.py."""

import gzip
import re
import zlib

import numpy as np


def shown(tf, value):
    """A value as text that says its types and shapes."""
    if isinstance(value, dict):
        return {key: shown(tf, value[key]) for key in sorted(value)}
    if isinstance(value, tf.SparseTensorValue):
        return ["sparse", *(shown(tf, item) for item in value)]
    if isinstance(value, tuple | list):
        return [shown(tf, item) for item in value]
    array = np.asarray(value)
    return f"{array.dtype.name} {array.shape} {array.tolist()}"


def static(tf, value):
    """What is known of tensors before they run."""
    if isinstance(value, dict):
        return {key: static(tf, value[key]) for key in sorted(value)}
    if isinstance(value, tf.SparseTensor):
        return [str(part.shape) for part in (value.indices, value.values, value.dense_shape)]
    if isinstance(value, tuple | list):
        return [static(tf, item) for item in value]
    return f"{value.shape} {value.dtype.name}"


def message(error):
    """The first line of an error that says what is wrong, without the node."""
    lines = str(error).split("\n")
    if "Graph execution" in lines[0]:
        at = [i for i, line in enumerate(lines) if "[[{{node" in line]
        lines = [lines[at[0] - 1]] if at else lines
        lines[0] = lines[0].replace("Node: '", "")
    lines[0] = lines[0].partition("[[{{")[0]
    return f"{type(error).__name__} " + re.sub(r"\{\{.*|\[\[.*?\]\]|'\{\{.*", "", lines[0])[:200]


def result(tf, program):
    """What a program gives: static shapes and values, or an error."""
    with tf.Graph().as_default():
        try:
            made = program()
            known = static(tf, made)
            with tf.Session() as session:
                return [known, shown(tf, session.run(made))]
        except Exception as error:  # noqa: BLE001 - whatever TensorFlow raises
            return message(error)


class Makers:
    """Features and examples, made of values."""

    def __init__(self, tf):
        self.train = tf.train

    def floats(self, *values):
        return self.train.Feature(float_list=self.train.FloatList(value=values))

    def ints(self, *values):
        return self.train.Feature(int64_list=self.train.Int64List(value=values))

    def texts(self, *values):
        return self.train.Feature(bytes_list=self.train.BytesList(value=values))

    def example(self, **features):
        return self.train.Example(features=self.train.Features(feature=features)).SerializeToString()

    def sequence(self, context, **lists):
        made = {key: self.train.FeatureList(feature=value) for key, value in lists.items()}
        return self.train.SequenceExample(
            context=self.train.Features(feature=context),
            feature_lists=self.train.FeatureLists(feature_list=made),
        ).SerializeToString()


def kinds(tf):
    """How features are parsed, by short names."""
    return tf.FixedLenFeature, tf.VarLenFeature, tf.SparseFeature, tf.FixedLenSequenceFeature


def examples(tf):
    """Programs that parse examples."""
    fixed, var, sparse, rows = kinds(tf)
    make = Makers(tf)
    first = make.example(
        a=make.floats(1, 2), b=make.ints(3), c=make.texts(b"x", b"yy"), ix=make.ints(5, 2),
        val=make.floats(0.5, 0.2), e=make.ints(1, 2, 3, 4, 5, 6), i2=make.ints(0, 1),
    )  # fmt: skip
    second = make.example(
        b=make.ints(-7), c=make.texts(b"z"), ix=make.ints(1), val=make.floats(9), e=make.ints(7, 8, 9),
        a=make.floats(3, 4), i2=make.ints(3),
    )  # fmt: skip
    third = make.example(b=make.ints(2**40))
    return {
        "stride": lambda: tf.parse_example([first, third], {"e": rows([4], tf.int64, True)}),
        "stride1": lambda: tf.parse_single_example(first, {"e": rows([4], tf.int64, True)}),
        "dense": lambda: tf.parse_example([first, second], {"a": fixed([2], tf.float32), "b": fixed([], tf.int64)}),
        "densedef": lambda: tf.parse_example(
            [first, second, third],
            {"a": fixed([2], tf.float32, [8.0, 9.0]), "b": fixed([1], tf.int64), "q": fixed([], tf.string, "dflt")},
        ),
        "sparse": lambda: tf.parse_example(
            [first, second, third], {"c": var(tf.string), "e": var(tf.int64), "zz": var(tf.float32)}
        ),
        "sf": lambda: tf.parse_example([first, second, third], {"d": sparse("ix", "val", tf.float32, 10)}),
        "sf2": lambda: tf.parse_example([first, second], {"d": sparse(["ix", "i2"], "val", tf.float32, [10, 4])}),
        "sf1": lambda: tf.parse_single_example(first, {"d": sparse("ix", "val", tf.float32, 10)}),
        "fs": lambda: tf.parse_example(
            [first, second, third],
            {
                "e": rows([3], tf.int64, True),
                "c": rows([], tf.string, True, "pad"),
                "a": rows([2], tf.float32, True, default_value=-1.0),
            },
        ),
        "single": lambda: tf.parse_single_example(
            first,
            {
                "a": fixed([2], tf.float32),
                "b": fixed([], tf.int64),
                "c": var(tf.string),
                "e": rows([3], tf.int64, True),
                "no": rows([3], tf.int64, True),
                "nos": var(tf.int64),
                "nod": fixed([2, 1], tf.string, [["a"], ["b"]]),
            },
        ),
        "empty": lambda: tf.parse_example(
            np.zeros([0], object).astype(str),
            {"a": fixed([2], tf.float32), "c": var(tf.string), "e": rows([3], tf.int64, True)},
        ),
        "missing": lambda: tf.parse_example([first, third], {"a": fixed([2], tf.float32)}),
        "missingn": lambda: tf.parse_example([first, third], {"a": fixed([2], tf.float32)}, example_names=["n1", "n2"]),
        "missing1": lambda: tf.parse_single_example(third, {"a": fixed([2], tf.float32)}),
        "type": lambda: tf.parse_example([first, third], {"b": fixed([], tf.float32)}, example_names=["n1", "n2"]),
        "type1": lambda: tf.parse_single_example(third, {"b": fixed([], tf.float32)}),
        "types": lambda: tf.parse_example([first, third], {"b": var(tf.string)}),
        "types1": lambda: tf.parse_single_example(first, {"b": var(tf.string)}),
        "typef": lambda: tf.parse_example([first, third], {"b": rows([], tf.string, True)}),
        "size": lambda: tf.parse_example([first, third], {"a": fixed([], tf.float32)}),
        "size2": lambda: tf.parse_example([first, third], {"e": fixed([2, 2], tf.int64)}),
        "size3": lambda: tf.parse_example([first, third], {"c": fixed([3], tf.string)}),
        "broken": lambda: tf.parse_example([b"foo"], {"a": fixed([], tf.float32)}),
        "broken1": lambda: tf.parse_single_example(b"foo", {"a": fixed([], tf.float32)}),
        "names": lambda: tf.parse_example([first, second], {"b": fixed([], tf.int64)}, example_names=["x"]),
        "mat": lambda: tf.parse_example([[first, second]], {"b": fixed([], tf.int64)}),
    }


def sequences(tf):
    """Programs that parse sequences of features."""
    fixed, var, _, rows = kinds(tf)
    make = Makers(tf)
    seq = make.sequence
    one = make.sequence(
        {"x": make.ints(1), "v": make.floats(1, 2)},
        y=[make.ints(1, 2), make.ints(3, 4)],
        z=[make.texts(b"a"), make.texts(b"b", b"c"), make.texts()],
    )
    two = make.sequence({"x": make.ints(2)}, y=[make.ints(5, 6)])
    three = make.sequence({"x": make.ints(2)})
    context = {"x": fixed([], tf.int64), "v": var(tf.float32)}
    lists = {"y": rows([2], tf.int64), "z": var(tf.string)}
    return {
        "seq": lambda: tf.parse_single_sequence_example(one, context, lists),
        "seq2": lambda: tf.parse_single_sequence_example(two, context, lists),
        "seq3": lambda: tf.parse_single_sequence_example(three, context, lists, example_name="in1"),
        "seq3b": lambda: tf.parse_single_sequence_example(
            three, context, {"y": rows([2], tf.int64, allow_missing=True), "z": var(tf.string)}
        ),
        "seqctx": lambda: tf.parse_single_sequence_example(seq({}), context, None, example_name="in1"),
        "seqctxd": lambda: tf.parse_single_sequence_example(seq({}), {"x": fixed([2], tf.int64, [4, 5])}, None),
        "seqtype": lambda: tf.parse_single_sequence_example(
            one, {"x": fixed([], tf.float32)}, None, example_name="in1"
        ),
        "seqsize": lambda: tf.parse_single_sequence_example(
            one, {"v": fixed([], tf.float32)}, None, example_name="in1"
        ),
        "seqltype": lambda: tf.parse_single_sequence_example(
            one, None, {"y": rows([2], tf.float32)}, example_name="in1"
        ),
        "seqlsize": lambda: tf.parse_single_sequence_example(one, None, {"y": rows([3], tf.int64)}, example_name="in1"),
        "seqlvtype": lambda: tf.parse_single_sequence_example(one, None, {"z": var(tf.int64)}, example_name="in1"),
        "seqbroken": lambda: tf.parse_single_sequence_example(b"foo", context, lists, example_name="in1"),
        "seqb": lambda: tf.io.parse_sequence_example([one, two], context, lists),
        "seqb2": lambda: tf.io.parse_sequence_example([one, three], context, lists, example_names=["q1", "q2"]),
        "seqb3": lambda: tf.io.parse_sequence_example(
            [one, three], context, {"y": rows([2], tf.int64, allow_missing=True), "z": var(tf.string)}
        ),
        "seqbsc": lambda: tf.io.parse_sequence_example([one, three], {"x": fixed([], tf.float32)}, None),
    }


TENSORS = {
    "float32": [1.5, 2], "int64": [[1], [2]], "string": ["a", "bb"], "bool": True, "uint8": [1, 2, 255],
    "float16": [1, 0.5], "complex64": [1 + 2j], "float64": [], "int32": 7,
}  # fmt: skip


def decoding(tf):
    """Programs that read numbers in strings, and write them."""
    fixed = tf.FixedLenFeature

    def csv(records, defaults, **attributes):
        return lambda: tf.decode_csv(records, defaults, **attributes)

    def some():
        return tf.SparseTensor([[0, 1], [0, 3], [2, 0]], [1.0, 2.0, 3.0], [3, 4])

    def there_and_back(dtype, value):
        return lambda: [
            tf.serialize_tensor(tf.constant(value, dtype)),
            tf.parse_tensor(tf.serialize_tensor(tf.constant(value, dtype)), dtype),
        ]

    return {
        "csv1": csv(["1,2,a", "3,,b"], [[0], [5.0], [""]]),
        "csv2": csv(['1,"a,b"', '2,"q""r"'], [[0], [""]]),
        "csv3": csv(["1"], [[0], [0]]),
        "csv4": csv(["1,"], [[0], tf.constant([], tf.int32)]),
        "csv5": csv(["x"], [[0]]),
        "csv6": csv(["1.5x"], [[0.0]]),
        "csv7": csv(['a"b'], [[""]]),
        "csv8": csv(['"a"b'], [[""]]),
        "csv9": csv(['"ab'], [[""]]),
        "csv10": csv(["1\t2\t3"], [0, 0], field_delim="\t", select_cols=[0, 2]),
        "csv11": csv(["NA,3"], [[7], [8]], na_value="NA"),
        "csv12": csv([" 1 , 2.5 "], [[0], [0.0]]),
        "csv13": csv(['"a",b"c'], [[""], [""]], use_quote_delim=False),
        "csv14": csv(["99999999999"], [[0]]),
        "csv15": csv("1,2", [[0], [0]]),
        "csv16": csv([["1", "2"]], [[0]]),
        "csv17": csv(['"1","",'], [[0], ["d"], [3.0]]),
        "csv18": csv(["1e3,inf,nan"], [[0.0], [0.0], [0.0]]),
        "csv19": csv(["1,2"], [[0], [0]], field_delim="ab"),
        "csv20": csv(["1,2,3"], [[0], [0]], select_cols=[1, 4]),
        "csv21": csv(["a\r\n,b"], [[""], [""]]),
        "csv22": csv(['"a\nb",c'], [[""], [""]]),
        "csv23": csv(["+5,-0x1"], [[0], [0]]),
        "csv24": csv(["1_0"], [[0]]),
        "csv25": csv(['"1"', '" 2"'], [[0]]),
        "csv26": csv(["12"], [tf.constant([0.0], tf.float64)]),
        "csv27": csv([',"",x'], [["d"], ["e"], ["f"]]),
        "raw1": lambda: tf.decode_raw(["ABCD", "EFGH"], tf.uint8),
        "raw2": lambda: tf.decode_raw(["ABCD", "EFGH"], tf.uint16, little_endian=False),
        "raw3": lambda: tf.decode_raw(["ABC", "EF"], tf.uint8),
        "raw4": lambda: tf.decode_raw(["ABC"], tf.uint16),
        "raw5": lambda: tf.decode_raw([b"\x00\x01"], tf.bool),
        "raw6": lambda: tf.decode_raw(np.array([], dtype="S"), tf.float32),
        "raw7": lambda: tf.decode_raw(b"abcdefgh", tf.complex64),
        "raw8": lambda: tf.decode_raw(["ABCD"], tf.float16),
        "raw9": lambda: tf.decode_raw(["", ""], tf.float32),
        "dz": lambda: tf.decode_compressed([zlib.compress(b"abc" * 10)], "ZLIB"),
        "dz2": lambda: tf.decode_compressed([b"zzzz"], "ZLIB"),
        "dg": lambda: tf.decode_compressed([gzip.compress(b"abc" * 10)], "GZIP"),
        "dn": lambda: tf.decode_compressed([b"abc"], ""),
        "js": lambda: tf.parse_example(
            tf.decode_json_example(['{"features":{"feature":{"a":{"floatList":{"value":[1.0,2.0]}}}}}']),
            {"a": fixed([2], tf.float32)},
        ),
        "pt1": lambda: tf.parse_tensor(tf.serialize_tensor(tf.constant(1.0)), tf.int32),
        "pt2": lambda: tf.parse_tensor(b"bad", tf.int32),
        "ss": lambda: tf.serialize_sparse(some()),
        "sm": lambda: tf.serialize_many_sparse(some()),
        "smd": lambda: tf.deserialize_many_sparse(tf.serialize_many_sparse(some()), tf.float32, rank=1),
        "smd2": lambda: tf.deserialize_many_sparse(
            tf.stack([tf.serialize_sparse(some()), tf.serialize_sparse(some())]), tf.float32
        ),
        "smd3": lambda: tf.deserialize_many_sparse(tf.serialize_many_sparse(some()), tf.int32),
        "sme": lambda: tf.serialize_many_sparse(tf.SparseTensor([[0]], [1.0], [3])),
        "smds": lambda: tf.deserialize_many_sparse(
            tf.serialize_many_sparse(tf.SparseTensor([[0, 1], [1, 0]], ["x", "y"], [2, 4])), tf.string
        ),
        **{f"serialized {dtype}": there_and_back(dtype, value) for dtype, value in TENSORS.items()},
    }


GROUPS = {"examples": examples, "sequences": sequences, "decoding": decoding}
