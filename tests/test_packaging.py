"""What is in the tree is in the wheel."""

import tomllib
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = {"shim": "onevar", "adapters": "onevar.adapters", "conformance": "onevar.conformance"}


@pytest.fixture(scope="module")
def settings():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def _packages_of_the_tree():
    for folder, name in FOLDERS.items():
        for file in (ROOT / folder).rglob("__init__.py"):
            below = file.parent.relative_to(ROOT / folder).parts
            yield ".".join((name, *below))


def test_every_package_folder_is_in_the_wheel(settings):
    listed = settings["tool"]["setuptools"]["packages"]
    assert sorted(listed) == sorted(_packages_of_the_tree())


def test_every_folder_of_modules_is_a_package():
    for folder in FOLDERS:
        for file in (ROOT / folder).rglob("*.py"):
            if "golden" not in file.parts and "templates" not in file.parts:
                assert (file.parent / "__init__.py").exists(), f"{file.parent} has no __init__.py"


def test_the_mapping_is_the_documented_one(settings):
    assert settings["tool"]["setuptools"]["package-dir"] == {name: folder for folder, name in FOLDERS.items()}


def test_hard_dependencies_are_few(settings):
    names = {line.split(">")[0].strip() for line in settings["project"]["dependencies"]}
    assert names == {"numpy", "ml_dtypes", "array-api-compat", "absl-py", "google-crc32c"}


def test_installed_files_are_those_of_the_tree():
    """Run on the wheel: a module or data file that packaging forgot is missing here."""
    # A build leaves an egg-info in the checkout, which names the sources; wheels have a RECORD.
    wheels = [d for d in metadata.distributions(name="onevar") if d.read_text("RECORD")]
    installed = {str(f) for d in wheels for f in d.files or ()}
    if not any(name.startswith("onevar/") for name in installed):
        pytest.skip("onevar is installed in editable mode; its files are the tree's own")
    for folder, name in FOLDERS.items():
        prefix = name.replace(".", "/")
        for file in (ROOT / folder).rglob("*"):
            relative = file.relative_to(ROOT / folder)
            wanted = file.suffix in {".py", ".md", ".html", ".json"} or file.name == "py.typed"
            if file.is_file() and wanted and "__pycache__" not in file.parts:
                assert f"{prefix}/{relative}" in installed, f"{file} is not in the wheel"


def test_builtin_adapters_enter_through_the_entry_point_group():
    points = {p.name: p.value for p in metadata.entry_points(group="onevar.adapters") if p.value.startswith("onevar.")}
    assert points == {name: f"onevar.adapters.{name}:ADAPTER" for name in ("numpy", "torch", "jax", "tensorflow")}
