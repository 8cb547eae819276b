"""`tf.app.flags` and `tf.app.run`."""

import sys

import tensorflow.compat.v1 as tf

flags = tf.app.flags
flags.DEFINE_string("name", "v", "help")
flags.DEFINE_integer(flag_name="n", default_value=3, docstring="help")
flags.DEFINE_float("rate", 0.5, "help")
flags.DEFINE_bool("b", False, "help")
tf.flags.DEFINE_boolean("c", True, "help")
flags.DEFINE_enum("kind", "x", ["x", "y"], "help")
flags.DEFINE_list("many", ["1"], "help")
flags.DEFINE_multi_integer("ints", [1], "help")
FLAGS = flags.FLAGS


def tell(call):
    try:
        print(call())
    except Exception as error:  # noqa: BLE001
        print(type(error).__name__, error)


sys.argv = [sys.argv[0], "--name=zz", "--nob", "--many=a,b", "pos", "--ints=4", "--ints=5"]
tell(lambda: (FLAGS.name, FLAGS.n, FLAGS.rate, FLAGS.b, FLAGS.c, FLAGS.kind, FLAGS.many, FLAGS.ints))
tell(lambda: FLAGS.nosuch)
FLAGS.n = 7
tell(lambda: (FLAGS.n, "n" in FLAGS, "zz" in FLAGS, FLAGS["n"].value, FLAGS.is_parsed(), "n" in list(FLAGS)))
tell(lambda: FLAGS.flag_values_dict()["rate"])
tell(lambda: flags.DEFINE_string("name", "v", "help"))
tell(lambda: flags.mark_flag_as_required("name"))
tell(lambda: FLAGS.__setattr__("n", "text"))
tell(lambda: sorted(f.name for f in FLAGS.get_key_flags_for_module(sys.argv[0]))[:5])
tell(lambda: FLAGS.find_module_defining_flag("name") == sys.argv[0])
tell(lambda: sorted(n for n in dir(tf.app) if not n.startswith("_")))


def main(argv):
    print("main", argv[1:], FLAGS.name, FLAGS.rate)
    return 3


sys.argv = [sys.argv[0], "--name=again", "--unknown=1", "--rate", "2", "pos", "--other"]
if __name__ == "__main__":
    tf.app.run()
