"""Records what the programs about queues, readers and tables see in TensorFlow; run it by itself."""

import json
import sys
import tempfile
from pathlib import Path

import tensorflow.compat.v1 as tf

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import host_resource_programs as programs  # noqa: E402 (found by the line above)

tf.disable_v2_behavior()
found = {}
with tempfile.TemporaryDirectory() as folder:
    programs.write_files(folder)
    for name, program in programs.PROGRAMS.items():
        with tf.Graph().as_default(), tf.Session() as session:
            found[name] = programs.plain(program(tf, folder, session), folder)
(HERE / "host_resources.json").write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
