"""Which frameworks and devices a run is about. Asked for one that is not there, a run fails."""

import os
from collections.abc import Sequence

import pytest

from onevar.conformance.results import Target
from onevar.core import registry
from onevar.errors import OnevarError

#: Environment that a framework reads when it is first imported, set before its adapter is loaded
#: unless it is set already. This is the suite's only preparation of a framework: variable, value, why.
ENVIRONMENT: tuple[tuple[str, str, str], ...] = (
    ("JAX_ENABLE_X64", "1", "JAX narrows 64-bit dtypes otherwise; the suite tests all 17"),
    ("TF_CPP_MIN_LOG_LEVEL", "3", "keeps TensorFlow's start-up messages out of the report"),
    ("TF_FORCE_GPU_ALLOW_GROWTH", "true", "TensorFlow takes a whole GPU otherwise, and others share it"),
    ("XLA_PYTHON_CLIENT_PREALLOCATE", "false", "JAX takes most of a GPU otherwise, and others share it"),
)


def prepare_environment() -> None:
    """Set what `ENVIRONMENT` lists, where the user has not."""
    for name, value, _ in ENVIRONMENT:
        os.environ.setdefault(name, value)


def resolve(backends: Sequence[str], devices: Sequence[str] | None) -> list[Target]:
    """Return the targets of a run, loading the adapters.

    Args:
        backends: Names of adapters.
        devices: `"cpu"` (the first of its kind) or `"cuda:1"`; None is each adapter's default.

    Raises:
        pytest.UsageError: An adapter, its framework, or a device is not here.
    """
    prepare_environment()
    found: list[Target] = []
    for name in dict.fromkeys(backends):
        try:
            here = list(registry.adapter(name).devices())
        except OnevarError as error:
            raise pytest.UsageError(f"--backend {name}: {error}") from error
        except ImportError as error:
            raise pytest.UsageError(f"--backend {name}: its framework does not import: {error}") from error
        found += [Target(name, _device(name, asked, here)) for asked in devices or here[:1]]
    return list(dict.fromkeys(found))


def _device(backend: str, asked: str, here: list[str]) -> str:
    matching = [d for d in here if asked in (d, d.partition(":")[0])]
    if not matching:
        raise pytest.UsageError(f"--device {asked}: {backend} has no such device here. It has: {', '.join(here)}.")
    return matching[0]
