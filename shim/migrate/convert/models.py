"""Models in memory, Keras's and torch's, as sources and as what a source is loaded into.

They are told by what they have, so neither framework is imported here.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from onevar.migrate.convert.source import Source
from onevar.migrate.convert.spec import ConversionError, Spec


def is_keras_model(value: Any) -> bool:
    """Return whether a value is a layer or model of Keras 3's."""
    kinds = getattr(type(value), "__mro__", ())
    return any(kind.__module__.split(".")[0] == "keras" for kind in kinds) and hasattr(value, "weights")


def is_torch_module(value: Any) -> bool:
    """Return whether a value is a `torch.nn.Module`."""
    kinds = getattr(type(value), "__mro__", ())
    return any(kind.__module__.startswith("torch.nn") for kind in kinds) and hasattr(value, "named_modules")


class Model(Source):
    """A model in memory; its tensors can be written too."""

    def assign(self, values: Mapping[str, np.ndarray]) -> None:
        """Give tensors their values: all of them, or after an error none.

        Args:
            values: Arrays by name, of the tensors' shapes and dtypes.
        """
        before = {name: self.read(name) for name in values}
        try:
            for name, value in values.items():
                self._write(name, value)
        except BaseException:
            for name, value in before.items():
                self._write(name, value)
            raise

    def _write(self, name: str, value: np.ndarray) -> None:
        raise NotImplementedError


class KerasModel(Model):
    """A Keras 3 model or layer, on any backend.

    Args:
        model: The model, built.

    Raises:
        ConversionError: It has no variables yet.
    """

    kind = "keras model"
    style = "keras"

    def __init__(self, model: Any):
        super().__init__(model.name)
        self.model = model
        self._variables: dict[str, Any] = {}
        kinds = {id(variable): layer for layer, variable in _owners(model)}
        names = dict(_scopes(model, ()))
        for variable in model.weights:
            name = self._free(variable.path)
            self._variables[name] = variable
            layer, v1_name = kinds.get(id(variable)), getattr(variable, "v1_name", None)
            style = None if v1_name is None else "tf1"
            layer = layer if v1_name is None else None
            read_as = None if v1_name else _inside(names.get(id(variable), ()), name)
            self.specs[name] = Spec(
                tuple(variable.shape), _dtype(variable), _role(variable), layer, style, v1_name, read_as=read_as
            )
        if not self.specs:
            raise ConversionError(
                f"{model.name} has no variables yet: Keras makes them when the model is called. Call it on data (of a "
                "subclass, model.build(input_shape) does not always make them), and convert then."
            )
        self._add_optimizer(getattr(model, "optimizer", None))
        self.config = _config(model)

    def _free(self, path: str) -> str:
        name, number = path, 1
        while name in self._variables:
            name, number = f"{path}_{number}", number + 1
        return name

    def _add_optimizer(self, optimizer: Any) -> None:
        if optimizer is None or not getattr(optimizer, "built", False):
            return
        for variable in optimizer.variables:
            name = f"optimizer/{variable.path}"
            self._variables[name] = variable
            self.specs[name] = Spec(tuple(variable.shape), _dtype(variable))

    def read(self, name: str) -> np.ndarray:
        """Return a variable's value.

        Args:
            name: Its path.
        """
        return np.array(self._variables[name].numpy())

    def _write(self, name: str, value: np.ndarray) -> None:
        self._variables[name].assign(value)


def _dtype(variable: Any) -> str:
    return str(variable.dtype)


def _role(variable: Any) -> str | None:
    """Return what a variable is to its layer, as Keras's own layers name it."""
    return "embedding" if variable.name == "embeddings" else None


def _owners(model: Any) -> Iterator[tuple[str, Any]]:
    """Yield the class of each layer in a model with each of the layer's own variables."""
    layers = model._flatten_layers() if hasattr(model, "_flatten_layers") else [model]
    for layer in layers:
        for variable in [*layer._trainable_variables, *layer._non_trainable_variables]:
            yield type(layer).__name__, variable


def _scopes(model: Any, names: tuple[str, ...]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield each variable of a model in another model with the names of the models that it is in."""
    for layer in getattr(model, "layers", None) or ():
        if getattr(layer, "layers", None):
            inside = (*names, layer.name)
            yield from ((id(variable), inside) for variable in layer.weights)
            yield from _scopes(layer, inside)


def _inside(names: tuple[str, ...], path: str) -> str | None:
    """Return a variable's path with the models around it, which Keras leaves out of it; None if it has them."""
    missing = [name for name in names if name not in path.split("/")]
    return "/".join([*missing, path]) if missing else None


def _config(model: Any) -> dict[str, Any] | None:
    """Return a model's description of itself; None if it has none, as subclasses often have not."""
    try:
        return json.loads(model.to_json())
    except (NotImplementedError, TypeError, ValueError, AttributeError):
        return None


class TorchModule(Model):
    """A torch module.

    Args:
        module: The module.

    Raises:
        ConversionError: It has no tensors, or they have no values.
    """

    kind = "torch module"
    style = "torch"

    def __init__(self, module: Any):
        super().__init__(type(module).__name__)
        self.module = module
        self._tensors = dict(module.state_dict(keep_vars=True))
        for name, tensor in self._tensors.items():
            if type(tensor).__name__.startswith("Uninitialized") or getattr(tensor, "is_meta", False):
                raise ConversionError(
                    f"{name} of {self.path} has no values yet: of a lazy module, call it on data first; of one on "
                    "torch's device 'meta', module.to_empty(device='cpu')."
                )
        kinds = {name: type(inner).__name__ for name, inner in module.named_modules()}
        first: dict[int, str] = {}
        for name, tensor in self._tensors.items():
            if not hasattr(tensor, "shape"):
                continue
            tied = first.setdefault(id(tensor), name)
            kind = kinds.get(name.rpartition(".")[0])
            known = kind if name.endswith(("weight", "bias")) and kind in _KINDS else None
            dtype = str(tensor.dtype).removeprefix("torch.")
            self.specs[name] = Spec(tuple(tensor.shape), dtype, None, known, tied=None if tied == name else tied)
        if not self.specs:
            raise ConversionError(f"{self.path} has no tensors.")

    def read(self, name: str) -> np.ndarray:
        """Return a tensor's value.

        Args:
            name: Of the state_dict.
        """
        from onevar.migrate.convert.name_map import dtype_of

        tensor = self._tensors[name].detach().cpu()
        wanted = dtype_of(self.specs[name].dtype)
        plain = tensor.float() if wanted.kind == "V" else tensor
        return np.array(plain.numpy()).astype(wanted)

    def _write(self, name: str, value: np.ndarray) -> None:
        tensor = self._tensors[name].data
        plain = value.astype(np.float32) if value.dtype.kind == "V" else value
        tensor.copy_(tensor.new_tensor(plain).reshape(tensor.shape))


#: Classes of torch's whose weights' layout is known by the class.
_KINDS = frozenset(
    {
        "Linear", "Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d", "Embedding",
        "EmbeddingBag",
    }
)  # fmt: skip
