"""Write records.json: what TensorFlow parses, reads and refuses; for tests/v1/test_records.py.

    python tests/v1/golden/record_records.py

Needs TensorFlow 2.21.
"""

import base64
import json
import tempfile
from pathlib import Path

import tensorflow.compat.v1 as tf
from record_programs import GROUPS, result

HERE = Path(__file__).parent
RECORDS = [b"hello", b"", b"x" * 1000, bytes(range(256))]


def files():
    """Return files of records as TensorFlow writes them, in base64."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("", "GZIP", "ZLIB"):
            path = Path(folder) / f"records{kind}"
            with tf.python_io.TFRecordWriter(str(path), kind) as writer:
                for record in RECORDS:
                    writer.write(record)
            found[kind] = base64.b64encode(path.read_bytes()).decode()
    return found


if __name__ == "__main__":
    tf.disable_v2_behavior()
    programs = {group: {name: result(tf, program) for name, program in of(tf).items()} for group, of in GROUPS.items()}
    text = json.dumps({"programs": programs, "files": files()}, indent=1)
    (HERE / "records.json").write_text(text + "\n", encoding="utf-8")
