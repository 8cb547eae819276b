"""Records what TensorFlow makes of the programs in `data_programs.py`: `python tests/v1/record_data.py`."""

import json
import os
import sys
import tempfile
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
sys.path.insert(0, str(Path(__file__).parent))

import data_programs
import tensorflow.compat.v1 as tf


def main() -> None:
    """Write `golden/data.json`."""
    tf.disable_v2_behavior()
    tf.logging.set_verbosity(tf.logging.FATAL)
    folder = tempfile.mkdtemp()

    def writer(path: str, options: object) -> object:
        return tf.python_io.TFRecordWriter(path, options)

    gzip = tf.python_io.TFRecordOptions(tf.python_io.TFRecordCompressionType.GZIP)
    data_programs.write_files(folder, writer, gzip)
    found = {}
    for name in data_programs.PROGRAMS:
        outcome = data_programs.outcome(tf, name, folder, tf.Session)
        found[name] = json.loads(json.dumps(outcome).replace(folder, "FOLDER"))
    lines = ",\n".join(f'"{name}": {json.dumps(value)}' for name, value in found.items())
    Path(__file__).with_name("golden").joinpath("data.json").write_text("{\n" + lines + "\n}\n")


if __name__ == "__main__":
    main()
