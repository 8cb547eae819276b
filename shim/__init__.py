"""onevar: one Variable for TensorFlow, PyTorch, JAX and NumPy.

Everything here is loaded when it is first used; `import onevar` imports no framework.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from onevar.config import floatx as floatx
    from onevar.config import set_floatx as set_floatx
    from onevar.core.registry import adapter_of as adapter_of
    from onevar.core.registry import default_backend as backend
    from onevar.core.registry import set_backend as set_backend
    from onevar.core.registry import use_backend as use_backend
    from onevar.core.shapes import shape_equal as shape_equal
    from onevar.core.shapes import standardize_shape as standardize_shape
    from onevar.dtypes import result_type as result_type
    from onevar.dtypes import standardize_dtype as standardize_dtype
    from onevar.exchange import copy as copy
    from onevar.exchange import explain as explain
    from onevar.exchange import share as share
    from onevar.keras3 import Variable as Variable
    from onevar.scopes import AutocastScope as AutocastScope
    from onevar.scopes import StatelessScope as StatelessScope
    from onevar.scopes import functionalize as functionalize
    from onevar.scopes import get_stateless_scope as get_stateless_scope
    from onevar.scopes import in_stateless_scope as in_stateless_scope
    from onevar.scopes import initialize_all_variables as initialize_all_variables
    from onevar.scopes import name_scope as name_scope

# The public name, the module that has it, and its name there.
_PUBLIC = {
    "AutocastScope": ("scopes", "AutocastScope"),
    "StatelessScope": ("scopes", "StatelessScope"),
    "Variable": ("keras3", "Variable"),
    "adapter_of": ("core.registry", "adapter_of"),
    "backend": ("core.registry", "default_backend"),
    "copy": ("exchange", "copy"),
    "explain": ("exchange", "explain"),
    "floatx": ("config", "floatx"),
    "functionalize": ("scopes", "functionalize"),
    "get_stateless_scope": ("scopes", "get_stateless_scope"),
    "in_stateless_scope": ("scopes", "in_stateless_scope"),
    "initialize_all_variables": ("scopes", "initialize_all_variables"),
    "name_scope": ("scopes", "name_scope"),
    "result_type": ("dtypes", "result_type"),
    "set_backend": ("core.registry", "set_backend"),
    "set_floatx": ("config", "set_floatx"),
    "shape_equal": ("core.shapes", "shape_equal"),
    "share": ("exchange", "share"),
    "standardize_dtype": ("dtypes", "standardize_dtype"),
    "standardize_shape": ("core.shapes", "standardize_shape"),
    "use_backend": ("core.registry", "use_backend"),
}

# Modules that users name, without importing them first: `except onevar.errors.CopyRequired`.
_MODULES = ("adapters", "conformance", "dtypes", "errors", "initializers", "keras")

__all__ = [
    "AutocastScope",
    "StatelessScope",
    "Variable",
    "__version__",
    "adapter_of",
    "backend",
    "copy",
    "explain",
    "floatx",
    "functionalize",
    "get_stateless_scope",
    "in_stateless_scope",
    "initialize_all_variables",
    "name_scope",
    "result_type",
    "set_backend",
    "set_floatx",
    "shape_equal",
    "share",
    "standardize_dtype",
    "standardize_shape",
    "use_backend",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib import metadata  # costs more than all the rest of this module

        return metadata.version("onevar")
    if name in _MODULES:
        return import_module(f"onevar.{name}")
    if name not in _PUBLIC:
        raise AttributeError(f"module 'onevar' has no attribute {name!r}")
    module, attribute = _PUBLIC[name]
    value = getattr(import_module(f"onevar.{module}"), attribute)
    globals()[name] = value
    return value


def load_ipython_extension(shell: Any) -> None:
    """Let `%load_ext onevar` redirect a notebook's `import tensorflow` to `onevar.v1`; see `onevar.migrate.jupyter`."""
    import_module("onevar.migrate.jupyter").load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Take `%load_ext onevar` back."""
    import_module("onevar.migrate.jupyter").unload(shell)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_MODULES})
