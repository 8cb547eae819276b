"""Names in SavedModels: of files, tags, collections and signatures."""

from typing import Any

from onevar.v1.export import export_value

ASSETS_DIRECTORY, ASSETS_KEY = "assets", "saved_model_assets"
DEBUG_DIRECTORY, DEBUG_INFO_FILENAME_PB = "debug", "saved_model_debug_info.pb"
LEGACY_INIT_OP_KEY, MAIN_OP_KEY, TRAIN_OP_KEY = "legacy_init_op", "saved_model_main_op", "saved_model_train_op"
SAVED_MODEL_FILENAME_PB, SAVED_MODEL_FILENAME_PBTXT = "saved_model.pb", "saved_model.pbtxt"
SAVED_MODEL_SCHEMA_VERSION = 1
VARIABLES_DIRECTORY = VARIABLES_FILENAME = "variables"
#: Signatures of TensorFlow 2 that name the operation which initialises.
INIT_OP_SIGNATURE_KEY = "__saved_model_init_op"

_TABLES: dict[str, dict[str, Any]] = {
    "constants": {
        "ASSETS_DIRECTORY": ASSETS_DIRECTORY, "ASSETS_KEY": ASSETS_KEY, "DEBUG_DIRECTORY": DEBUG_DIRECTORY,
        "DEBUG_INFO_FILENAME_PB": DEBUG_INFO_FILENAME_PB, "LEGACY_INIT_OP_KEY": LEGACY_INIT_OP_KEY,
        "MAIN_OP_KEY": MAIN_OP_KEY, "SAVED_MODEL_FILENAME_PB": SAVED_MODEL_FILENAME_PB,
        "SAVED_MODEL_FILENAME_PBTXT": SAVED_MODEL_FILENAME_PBTXT,
        "SAVED_MODEL_SCHEMA_VERSION": SAVED_MODEL_SCHEMA_VERSION, "VARIABLES_DIRECTORY": VARIABLES_DIRECTORY,
        "VARIABLES_FILENAME": VARIABLES_FILENAME,
    },
    "tag_constants": {"GPU": "gpu", "SERVING": "serve", "TPU": "tpu", "TRAINING": "train"},
    "signature_constants": {
        "CLASSIFY_INPUTS": "inputs", "CLASSIFY_METHOD_NAME": "tensorflow/serving/classify",
        "CLASSIFY_OUTPUT_CLASSES": "classes", "CLASSIFY_OUTPUT_SCORES": "scores",
        "DEFAULT_SERVING_SIGNATURE_DEF_KEY": "serving_default", "PREDICT_INPUTS": "inputs",
        "PREDICT_METHOD_NAME": "tensorflow/serving/predict", "PREDICT_OUTPUTS": "outputs",
        "REGRESS_INPUTS": "inputs", "REGRESS_METHOD_NAME": "tensorflow/serving/regress", "REGRESS_OUTPUTS": "outputs",
    },
}  # fmt: skip

for _table, _values in _TABLES.items():
    for _name, _value in _values.items():
        export_value(f"saved_model.{_table}.{_name}", _value)
        export_value(f"saved_model.{_name}", _value)
# What TensorFlow keeps to itself, and its own tests and tools use.
export_value("python.saved_model.tag_constants.EVAL", "eval")
export_value("python.saved_model.constants.TRAIN_OP_KEY", TRAIN_OP_KEY)
export_value("python.saved_model.constants.INIT_OP_SIGNATURE_KEY", INIT_OP_SIGNATURE_KEY)
