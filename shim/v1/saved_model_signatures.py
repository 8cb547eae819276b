"""Signatures of SavedModels: what goes in and comes out, by name, as messages."""

from collections.abc import Mapping
from typing import Any

from onevar.core.default_graph import get_default_graph
from onevar.core.dtype import as_dtype
from onevar.core.graph_def import protos, shape_proto
from onevar.core.operation import Operation
from onevar.v1.export import export
from onevar.v1.sparse_types import SparseTensor
from onevar.v1.variable_proto import below

_CLASSIFY, _PREDICT, _REGRESS = (f"tensorflow/serving/{name}" for name in ("classify", "predict", "regress"))


@export("saved_model.build_tensor_info", "saved_model.utils.build_tensor_info")
def build_tensor_info(tensor: Any) -> Any:
    """Return the `TensorInfo` of a tensor, a SparseTensor or a Variable.

    Args:
        tensor: Of a graph.

    Raises:
        RuntimeError: It is no tensor of a graph.
    """
    if not hasattr(tensor, "name") and not isinstance(tensor, SparseTensor):
        raise RuntimeError("`build_tensor_info` is not supported in Eager mode.")
    out = protos().TensorInfo(dtype=as_dtype(tensor.dtype).as_datatype_enum)
    out.tensor_shape.CopyFrom(shape_proto(tensor.get_shape()))
    if isinstance(tensor, SparseTensor):
        out.coo_sparse.values_tensor_name = tensor.values.name
        out.coo_sparse.indices_tensor_name = tensor.indices.name
        out.coo_sparse.dense_shape_tensor_name = tensor.dense_shape.name
    else:
        out.name = tensor.name
    return out


@export("python.saved_model.utils_impl.build_tensor_info_from_op")
def build_tensor_info_from_op(op: Operation) -> Any:
    """Return the `TensorInfo` that stands for an operation, which has no output.

    Args:
        op: The operation.

    Raises:
        RuntimeError: It is no operation of a graph.
    """
    if not isinstance(op, Operation):
        raise RuntimeError("`build_tensor_info_from_op` is not supported in Eager mode.")
    return protos().TensorInfo(name=op.name)


@export("saved_model.get_tensor_from_tensor_info", "saved_model.utils.get_tensor_from_tensor_info")
def get_tensor_from_tensor_info(tensor_info: Any, graph: Any = None, import_scope: str | None = None) -> Any:
    """Return the tensor or SparseTensor that a `TensorInfo` names.

    Args:
        tensor_info: The message.
        graph: Where; None is the default graph.
        import_scope: What is put before names.

    Raises:
        KeyError: There is none of that name.
        ValueError: The message is of another kind.
    """
    graph = graph or get_default_graph()

    def tensor(name: str) -> Any:
        return graph.get_tensor_by_name(below(name, import_scope))

    encoding = tensor_info.WhichOneof("encoding")
    if encoding == "name":
        return tensor(tensor_info.name)
    if encoding == "coo_sparse":
        parts = tensor_info.coo_sparse
        return SparseTensor(
            tensor(parts.indices_tensor_name), tensor(parts.values_tensor_name), tensor(parts.dense_shape_tensor_name)
        )
    raise ValueError(f"Invalid TensorInfo.encoding: {encoding}. Expected `coo_sparse`, `composite_tensor`, or `name`.")


@export("python.saved_model.utils_impl.get_element_from_tensor_info")
def get_element_from_tensor_info(tensor_info: Any, graph: Any = None, import_scope: str | None = None) -> Any:
    """Return the tensor or operation that a `TensorInfo` names.

    Args:
        tensor_info: The message.
        graph: Where; None is the default graph.
        import_scope: What is put before names.

    Raises:
        KeyError: There is none of that name.
    """
    graph = graph or get_default_graph()
    return graph.as_graph_element(below(tensor_info.name, import_scope))


@export("saved_model.build_signature_def", "saved_model.signature_def_utils.build_signature_def")
def build_signature_def(
    inputs: Mapping[str, Any] | None = None, outputs: Mapping[str, Any] | None = None, method_name: str | None = None,
    defaults: Mapping[str, Any] | None = None,
) -> Any:  # fmt: skip
    """Return a `SignatureDef`.

    Args:
        inputs: `TensorInfo`s by name.
        outputs: `TensorInfo`s by name.
        method_name: What a server calls it.
        defaults: `TensorProto`s or arrays by an input's name.

    Raises:
        Unsupported: There are defaults, which TensorFlow 1's messages do not have.
    """
    if defaults:
        from onevar.errors import Unsupported

        raise Unsupported("build_signature_def(defaults=): the messages of TensorFlow 1 have no field for defaults.")
    out = protos().SignatureDef()
    for given, fields in ((inputs, out.inputs), (outputs, out.outputs)):
        for name, info in (given or {}).items():
            fields[name].CopyFrom(info)
    if method_name is not None:
        out.method_name = method_name
    return out


@export("saved_model.classification_signature_def", "saved_model.signature_def_utils.classification_signature_def")
def classification_signature_def(examples: Any, classes: Any, scores: Any) -> Any:
    """Return the signature of a classification.

    Args:
        examples: A string tensor of serialised examples.
        classes: A string tensor, or None.
        scores: A float tensor, or None.

    Raises:
        ValueError: There are no examples, neither classes nor scores, or one is of another dtype.
    """
    if examples is None:
        raise ValueError("Classification `examples` cannot be None.")
    _check_tensor("Classification", "examples", examples)
    if classes is None and scores is None:
        raise ValueError("Classification `classes` and `scores` cannot both be None.")
    given = _typed("Classification", "examples", "inputs", examples, "string")
    outputs = {}
    if classes is not None:
        outputs.update(_typed("Classification", "classes", "classes", classes, "string"))
    if scores is not None:
        outputs.update(_typed("Classification", "scores", "scores", scores, "float32"))
    return build_signature_def(given, outputs, _CLASSIFY)


def _check_tensor(what: str, name: str, tensor: Any) -> None:
    if not hasattr(tensor, "dtype") or not hasattr(tensor, "graph"):
        raise ValueError(f"{what} `{name}` must be a string Tensor. Found `{name}` of type {type(tensor)}.")


def _typed(what: str, name: str, key: str, tensor: Any, dtype: str) -> dict[str, Any]:
    info = build_tensor_info(tensor)
    if as_dtype(info.dtype).key != dtype:
        kind = "string" if dtype == "string" else "float"
        raise ValueError(f"{what} `{name}` must be a {kind} Tensor. Found `{name}` of type {as_dtype(info.dtype)}.")
    return {key: info}


@export("saved_model.regression_signature_def", "saved_model.signature_def_utils.regression_signature_def")
def regression_signature_def(examples: Any, predictions: Any) -> Any:
    """Return the signature of a regression.

    Args:
        examples: A string tensor of serialised examples.
        predictions: A float tensor.

    Raises:
        ValueError: One is missing or of another dtype.
    """
    if examples is None:
        raise ValueError("Regression `examples` cannot be None.")
    _check_tensor("Regression", "examples", examples)
    if predictions is None:
        raise ValueError("Regression `predictions` cannot be None.")
    given = _typed("Regression", "examples", "inputs", examples, "string")
    return build_signature_def(given, _typed("Regression", "predictions", "outputs", predictions, "float32"), _REGRESS)


@export("saved_model.predict_signature_def", "saved_model.signature_def_utils.predict_signature_def")
def predict_signature_def(inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> Any:
    """Return the signature of a prediction.

    Args:
        inputs: Tensors by name.
        outputs: Tensors by name.

    Raises:
        ValueError: There are none.
    """
    if not inputs:
        raise ValueError("Prediction `inputs` cannot be None or empty.")
    if not outputs:
        raise ValueError("Prediction `outputs` cannot be None or empty.")
    return build_signature_def(
        {key: build_tensor_info(tensor) for key, tensor in inputs.items()},
        {key: build_tensor_info(tensor) for key, tensor in outputs.items()},
        _PREDICT,
    )


@export("saved_model.is_valid_signature", "saved_model.signature_def_utils.is_valid_signature")
def is_valid_signature(signature_def: Any) -> bool:
    """Whether TensorFlow Serving can serve a signature.

    Args:
        signature_def: The message.
    """
    if signature_def is None:
        return False
    inputs, outputs = dict(signature_def.inputs), dict(signature_def.outputs)
    string, float32 = (as_dtype(name).as_datatype_enum for name in ("string", "float32"))
    if signature_def.method_name == _PREDICT:
        return bool(inputs) and bool(outputs)
    if set(inputs) != {"inputs"} or inputs["inputs"].dtype != string:
        return False
    if signature_def.method_name == _REGRESS:
        return set(outputs) == {"outputs"} and outputs["outputs"].dtype == float32
    if signature_def.method_name != _CLASSIFY or not outputs or set(outputs) - {"classes", "scores"}:
        return False
    wanted = {"classes": string, "scores": float32}
    return all(info.dtype == wanted[key] for key, info in outputs.items())


@export("python.saved_model.signature_def_utils_impl.op_signature_def")
def op_signature_def(op: Operation, key: str) -> Any:
    """Return the signature that names an operation.

    Args:
        op: The operation.
        key: Under which the signature has it.
    """
    return build_signature_def(outputs={key: build_tensor_info_from_op(op)})


@export("python.saved_model.signature_def_utils_impl.load_op_from_signature_def")
def load_op_from_signature_def(signature_def: Any, key: str, import_scope: str | None = None) -> Any:
    """Return the operation that a signature names.

    Args:
        signature_def: The message.
        key: Under which it has it.
        import_scope: What is put before names.

    Raises:
        NotFoundError: There is none of that name.
    """
    from onevar.core.op_errors import NotFoundError

    info = signature_def.outputs[key]
    try:
        return get_element_from_tensor_info(info, import_scope=import_scope)
    except KeyError as error:
        raise NotFoundError(
            None, None, f"The key '{key}' could not be found in the graph. Please make sure the SavedModel was created "
            f"by the internal _SavedModelBuilder. If you are using the public API, please make sure the SignatureDef "
            f"in the SavedModel does not contain the key '{key}'.",
        ) from error  # fmt: skip
