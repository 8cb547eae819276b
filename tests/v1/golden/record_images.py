"""Write images.npz and images.json: what TensorFlow makes of images, and what it refuses; for test_images.py.

    python tests/v1/golden/record_images.py

Needs TensorFlow 2.21.
"""

import json
from pathlib import Path

import numpy as np
import tensorflow.compat.v1 as tf
from image_programs import REFUSED, programs, refusal, values

HERE = Path(__file__).parent

if __name__ == "__main__":
    tf.disable_v2_behavior()
    arrays = {}
    for name, program in programs(tf).items():
        for number, array in enumerate(values(tf, program)):
            arrays[f"{name}|{number}"] = array
    np.savez_compressed(HERE / "images.npz", **arrays)
    refused = {name: refusal(tf, program) for name, program in REFUSED(tf).items()}
    (HERE / "images.json").write_text(json.dumps(refused, indent=1) + "\n", encoding="utf-8")
