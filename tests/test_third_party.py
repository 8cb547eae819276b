"""The sample adapter from outside: small, honest, entered by its entry point alone, and conforming."""

import os
import shutil
import subprocess
import sys
from importlib import metadata, util
from pathlib import Path

import pytest

SAMPLE = Path(__file__).parent / "third_party" / "onevar_strict"

pytestmark = pytest.mark.skipif(
    util.find_spec("array_api_strict") is None, reason="array-api-strict is not installed in this environment"
)


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Variables of an environment that has the sample: as it is, or installed into a folder of its own."""
    if any(point.name == "strict" for point in metadata.entry_points(group="onevar.adapters")):
        return dict(os.environ)
    folder = tmp_path_factory.mktemp("strict")
    source, target = folder / "source", folder / "site"
    shutil.copytree(SAMPLE, source)  # a build writes beside its sources
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--target", str(target)]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(source)], check=True, timeout=300)
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(target), os.environ.get("PYTHONPATH", "")])}


def test_it_is_small():
    lines = [len(path.read_text().splitlines()) for path in SAMPLE.iterdir() if path.suffix in (".py", ".toml")]
    assert sum(lines) < 200


def test_it_is_found_by_its_entry_point(environment):
    program = (
        "import sys, onevar\n"
        "from onevar.core import registry\n"
        "assert 'strict' in registry.known() and 'strict' in registry.installed()\n"
        "assert 'array_api_strict' not in sys.modules\n"
        "v = onevar.Variable([1.0, 2.0], backend='strict', device='pretended:1')\n"
        "print(type(v.value).__module__.partition('.')[0], v.device, v + v)"
    )
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("array_api_strict pretended:1")


def test_it_conforms(environment):
    command = [sys.executable, "-m", "pytest", "-p", "onevar.conformance.plugin", "-p", "no:cacheprovider", "-q"]
    options = ["--tb=line", "--pyargs", "onevar.conformance", "--backend", "strict"]
    done = subprocess.run([*command, *options], env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, "\n".join(done.stdout.splitlines()[-60:])
