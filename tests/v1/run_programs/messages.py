"""What `tf.logging` writes."""

import logging
import sys

import tensorflow.compat.v1 as tf

L = tf.logging
tf.get_logger().handlers[0].setStream(sys.stdout)
print(L.DEBUG, L.INFO, L.WARN, L.ERROR, L.FATAL, L.get_verbosity(), tf.get_logger().name, tf.get_logger().propagate)
L.info("not seen")
L.warning("w %s", "x")
L.warn("w2")
L.error("e %d", 3)
print(L.set_verbosity(L.INFO))
L.info("seen %s", 1)
L.log(L.INFO, "log %s", 2)
L.debug("not seen")
L.vlog(L.ERROR, "v")
L.fatal("f")
L.TaskLevelStatusMessage("t")

for i in range(5):
    L.log_every_n(L.INFO, "every %d", 2, i)
    L.log_if(L.INFO, "if %d", i == 3, i)
L.set_verbosity("ERROR")
print(L.get_verbosity(), tf.get_logger().level)
L.set_verbosity(L.DEBUG)
L.debug("seen")
try:
    raise ValueError("v")
except ValueError:
    L.error("with trace", exc_info=True)
records = []
handler = logging.Handler()
handler.emit = lambda record: records.append((record.filename, record.lineno, record.funcName, record.levelname))


def f():
    L.info("here")


tf.get_logger().addHandler(handler)
f()
L.log(L.INFO, "there")
print(records)
