"""`tf.test`: what programs test themselves with. Its classes take long to import, and come when they are asked for."""

import os
import tempfile

from onevar.v1.export import export, export_lazily

for _name, _module, _attribute in (
    ("test.TestCase", "testing.case", "TestCase"),
    ("test.Benchmark", "testing.benchmark", "Benchmark"),
    ("test.StubOutForTesting", "testing.benchmark", "StubOutForTesting"),
    ("test.main", "testing.benchmark", "main"),
    ("test.mock", "testing.benchmark", "mock"),
):
    export_lazily(_name, _module, _attribute)
_temporary: list[str] = []


@export("test.get_temp_dir")
def get_temp_dir() -> str:
    """Return a folder for a test's files, the same one throughout the process."""
    if not _temporary:
        _temporary.append(os.environ.get("TEST_TMPDIR") or tempfile.mkdtemp(prefix="onevar_test_"))
        os.makedirs(_temporary[0], exist_ok=True)
    return _temporary[0]


@export("test.test_src_dir_path")
def test_src_dir_path(relative_path: str) -> str:
    """Return the path of a test's data, below the folder that `TEST_SRCDIR` names.

    Raises:
        KeyError: The environment variable is not set.
    """
    return os.path.join(os.environ["TEST_SRCDIR"], os.environ.get("TEST_WORKSPACE", "org_tensorflow"), relative_path)


def _accelerators() -> list[str]:
    """Return the devices of the default backend that are not the CPU."""
    from onevar.core import registry

    return [name for name in registry.adapter(registry.default_backend()).devices() if not name.startswith("cpu")]


@export("test.is_gpu_available")
def is_gpu_available(cuda_only: bool = False, min_cuda_compute_capability: tuple[int, int] | None = None) -> bool:
    """Whether the framework that computes has a GPU.

    Args:
        cuda_only: Accepted, and means nothing: nobody says here which kind it is.
        min_cuda_compute_capability: Accepted, and means nothing, for the same reason.
    """
    return bool(_accelerators())


@export("test.gpu_device_name")
def gpu_device_name() -> str:
    """Return the name of the first GPU, `/device:GPU:0`; an empty text if there is none."""
    return "/device:GPU:0" if _accelerators() else ""


@export("test.is_built_with_cuda", "test.is_built_with_gpu_support")
def is_built_with_cuda() -> bool:
    """Whether the framework that computes can use a GPU here."""
    return bool(_accelerators())


@export("test.is_built_with_rocm", "test.is_built_with_xla")
def is_built_with_rocm() -> bool:
    """Whether ROCm or XLA are built in: onevar has neither of its own."""
    return False
