"""`import onevar` and questions about values import no framework, and this check can fail."""

import subprocess
import sys
import textwrap

FRAMEWORKS = ("torch", "jax", "jaxlib", "tensorflow", "keras")

CHECK = f"""
import sys
loaded = [name for name in {FRAMEWORKS!r} if name in sys.modules]
print("loaded:", ",".join(loaded))
sys.exit(1 if loaded else 0)
"""

LIGHT = """
import onevar
import numpy as np
import onevar.adapters.contract, onevar.core.registry, onevar.errors
v = onevar.Variable(np.ones((2, 2), np.float32), backend="numpy")
v.assign_add(1.0)
v + v
with onevar.StatelessScope():
    v.assign(v + 1)
onevar.adapter_of(np.ones(3)), onevar.adapter_of(object()), onevar.share(v, "numpy"), onevar.backend()
onevar.result_type("int8", "float16"), onevar.standardize_dtype("bfloat16")
"""


def _run(program: str) -> subprocess.CompletedProcess:
    code = textwrap.dedent(program) + CHECK
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_onevar_imports_no_framework():
    done = _run(LIGHT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_bare_import_does_not_even_import_numpy():
    done = subprocess.run([sys.executable, "-c", "import onevar, sys; sys.exit('numpy' in sys.modules)"], check=False)
    assert done.returncode == 0


def test_the_check_can_fail(tmp_path):
    """A module that stands in for torch is enough: the check looks at sys.modules."""
    (tmp_path / "torch.py").write_text("")
    done = _run(f"import sys; sys.path.insert(0, {str(tmp_path)!r}); \n{LIGHT}\nimport torch")
    assert done.returncode == 1
    assert "loaded: torch" in done.stdout
