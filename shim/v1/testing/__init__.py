"""`tf.test`: what programs test themselves with. Its classes take long to import, and come when they are asked for."""

import functools
import os
import tempfile
from collections.abc import Callable
from typing import Any

from onevar.v1.export import export, export_lazily, exported

for _name, _module, _attribute in (
    ("test.TestCase", "testing.case", "TestCase"),
    ("test.Benchmark", "testing.benchmark", "Benchmark"),
    ("test.StubOutForTesting", "testing.benchmark", "StubOutForTesting"),
    ("test.main", "testing.benchmark", "main"),
    ("test.mock", "testing.benchmark", "mock"),
    ("test.compute_gradient", "testing.gradient_checks", "compute_gradient"),
    ("test.compute_gradient_error", "testing.gradient_checks", "compute_gradient_error"),
    ("test.create_local_cluster", "testing.clusters", "create_local_cluster"),
    ("test.assert_equal_graph_def", "testing.graph_checks", "assert_equal_graph_def"),
    ("test.experimental.sync_devices", "testing.clusters", "sync_devices"),
    ("test.benchmark_config", "testing.googletests", "benchmark_config"),
    ("python.ops.gradient_checker_v2.compute_gradient", "testing.gradient_checks", "compute_gradient_of"),
    ("python.ops.gradient_checker_v2.max_error", "testing.gradient_checks", "max_error"),
    ("python.framework.test_util.pick_unused_port", "testing.clusters", "pick_unused_port"),
    ("python.framework.device.canonical_name", "testing.decorators", "canonical_name"),
    ("python.framework.test_util.run_deprecated_v1", "testing.decorators", "deprecated_graph_mode_only"),
    ("python.framework.test_util.run_all_in_deprecated_graph_mode_only", "testing.decorators",
     "deprecated_graph_mode_only"),
    ("python.framework.test_util.ErrorLoggingSession", "testing.case", "ErrorLoggingSession"),
):  # fmt: skip
    export_lazily(_name, _module, _attribute)

#: Internal modules, ours that stand in for them, and their names there.
_INTERNAL = {
    "python.framework.test_util": {
        "testing.case": "CapturedWrites",
        "testing.graph_checks": (
            "assert_ops_in_graph assert_equal_graph_def_v2 assert_meta_graph_protos_equal get_node_def_from_graph "
            "set_producer_version"
        ),
        "testing.decorators": (
            "NCHWToNHWC NCHW_VECT_CToNHWC NHWCToNCHW NHWCToNCHW_VECT_C assert_no_new_pyobjects_executing_eagerly "
            "assert_no_new_tensors build_as_function_and_v1_graph deprecated_graph_mode_only deterministic_ops device "
            "for_all_test_methods force_cpu force_gpu generate_combinations_with_testcase_name "
            "run_all_in_graph_and_eager_modes run_cuda_only run_gpu_only run_gpu_or_tpu run_in_graph_and_eager_modes "
            "run_v1_only run_v2_only skip_if skip_if_error use_gpu with_forward_compatibility_horizons"
        ),
    },
    "python.framework.combinations": {
        "testing.combining": (
            "EagerGraphCombination NamedObject OptionalParameter ParameterModifier TFVersionCombination "
            "TestCombination combine generate times"
        )
    },
    "python.data.kernel_tests.test_base": {
        "testing.dataset_case": (
            "DatasetTestBase default_test_combinations eager_only_combinations graph_only_combinations "
            "v1_only_combinations v2_eager_only_combinations v2_only_combinations"
        )
    },
    "python.platform.googletest": {"testing.googletests": "GetTempDir StatefulSessionAvailable"},
    "python.platform.benchmark": {
        "testing.googletests": "ParameterizedBenchmark TensorFlowBenchmark benchmark_config",
        "testing.benchmark": "Benchmark",
    },
}
_INTERNAL["python.framework.test_combinations"] = _INTERNAL["python.framework.combinations"]
for _place, _modules in _INTERNAL.items():
    for _module, _names in _modules.items():
        for _attribute in _names.split():
            export_lazily(f"{_place}.{_attribute}", _module, _attribute)

#: Decorators that switch what is not there, or is so already: they leave a test as it is.
_UNCHANGED = (
    "add_graph_building_optimization_tests also_run_as_tf_function assert_no_garbage_created disable_cudnn_autotune "
    "enable_c_shapes enable_control_flow_v2 enable_eager_op_as_function enable_graph_building_optimization "
    "enable_nested_function_shape_inference enable_output_all_intermediates enable_quantized_dtypes_training "
    "py_func_if_in_function run_class_in_v1_v2 run_in_async_and_sync_mode use_deterministic_cudnn with_c_shapes "
    "with_control_flow_v2 with_eager_op_as_function run_in_v1_v2"
)
#: The same, called with a reason.
_DESCRIBED = (
    "disable_asan disable_control_flow_v2 disable_eager_op_as_function disable_mlir_bridge disable_msan disable_tfrt "
    "disable_tsan disable_ubsan disable_xla enable_tf_xla_constant_folding no_xla_auto_jit "
    "run_all_without_tensor_float_32 run_without_tensor_float_32 set_xla_env_flag xla_allow_fallback"
)
for _attribute in _UNCHANGED.split():
    export_lazily(f"python.framework.test_util.{_attribute}", "testing.decorators", "as_it_is")
for _attribute in _DESCRIBED.split():
    export_lazily(f"python.framework.test_util.{_attribute}", "testing.decorators", "described")
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


def _no() -> bool:
    """Whether something is built in that nothing here is built with: no."""
    return False


for _attribute in (
    "GpuSupportsHalfMatMulAndConv", "IsBuiltWithNvcc", "IsBuiltWithROCm", "IsBuiltWithXLA", "IsGoogleCudaEnabled",
    "IsMklEnabled", "is_asan_enabled", "is_mlir_bridge_enabled", "is_msan_enabled", "is_tsan_enabled",
    "is_ubsan_enabled", "is_xla_enabled", "InstallStackTraceHandler",
):  # fmt: skip
    export(f"python.framework.test_util.{_attribute}")(_no)


@export("test.is_cpu_target_available")
def is_cpu_target_available(target: str) -> bool:
    """Whether a kind of processor is compiled for: nothing is compiled here.

    Args:
        target: Its name.
    """
    return False


@export("test.disable_with_predicate")
def disable_with_predicate(pred: Callable[[], bool], skip_message: str) -> Callable[[Any], Any]:
    """Return a decorator that skips a test where `pred()` holds.

    Args:
        pred: Asked when the test runs.
        skip_message: Why it is skipped.
    """

    def decorate(test: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(test)
        def run(self: Any, *args: Any, **kwargs: Any) -> Any:
            if pred():
                self.skipTest(skip_message)
            return test(self, *args, **kwargs)

        return run

    return decorate


@export("python.framework.test_util.matmul_without_tf32")
def matmul_without_tf32(a: Any, b: Any, *args: Any, **kwargs: Any) -> Any:
    """Return the product of two matrices, in full precision.

    Args:
        a: One matrix.
        b: The other.
        *args: As `tf.matmul` takes them.
        **kwargs: As `tf.matmul` takes them.
    """
    return exported("matmul")(a, b, *args, **kwargs)
