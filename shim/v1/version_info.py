"""`tf.VERSION` and `tf.compat.v1`: what programs ask to find out which TensorFlow they have."""

import sys

from onevar.v1 import __version__
from onevar.v1.export import export_value

for _name in ("VERSION", "version.VERSION", "__version__"):
    export_value(_name, __version__)
for _name in ("GIT_VERSION", "version.GIT_VERSION", "__git_version__"):
    export_value(_name, f"onevar, as {__version__}")
for _name in ("COMPILER_VERSION", "version.COMPILER_VERSION", "__compiler_version__"):
    export_value(_name, sys.version.partition("\n")[2] or sys.version)
# What the GraphDefs of TensorFlow 1.15 say of themselves.
for _name, _value in (
    ("GRAPH_DEF_VERSION", 134),
    ("GRAPH_DEF_VERSION_MIN_CONSUMER", 0),
    ("GRAPH_DEF_VERSION_MIN_PRODUCER", 0),
):
    export_value(_name, _value)
    export_value(f"version.{_name}", _value)
export_value("compat.v1", sys.modules["onevar.v1"])
