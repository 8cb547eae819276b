"""The README says what is: its Python runs, its commands are right, its files are there."""

import os
import re
import subprocess
import sys
from importlib import util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]
MODULES = ("torch", "jax", "tensorflow", "keras", "optax", "array_api_strict")
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")


def blocks() -> list:
    """Return each page's Python blocks, the blocks of one page in the order in which they stand."""
    return [
        pytest.param(page, number, code, id=f"{page.name}-{number}")
        for page in PAGES
        if page.exists()
        for number, code in enumerate(_BLOCK.findall(page.read_text(encoding="utf-8")))
    ]


@pytest.mark.parametrize(("page", "number", "code"), blocks())
def test_python_blocks_run(page: Path, number: int, code: str, tmp_path: Path) -> None:
    if code.startswith("# not run"):
        return
    missing = [name for name in MODULES if re.search(rf"\b{name}\b", code) and util.find_spec(name) is None]
    if missing:
        pytest.skip(f"{page.name}, block {number}: needs {', '.join(missing)}")
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=tmp_path,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "JAX_PLATFORMS": "cpu"},
        check=False,
    )
    assert done.returncode == 0, f"{page.name}, block {number}:\n{code}\n{done.stderr}"


@pytest.mark.parametrize("page", [p for p in PAGES if p.exists()], ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    dead = [link for link in _LINK.findall(page.read_text(encoding="utf-8")) if not (page.parent / link).exists()]
    assert not dead


def test_the_two_commands_stand_at_the_top() -> None:
    top = README.read_text(encoding="utf-8")[:3000]
    assert "python3 -m pip install -q tox && python3 -m tox run -e demo" in top
    assert "python3 -m pip install -q tox && python3 -m tox run\n" in top


def test_pictures_are_small() -> None:
    for picture in (ROOT / "docs" / "img").glob("*"):
        assert picture.stat().st_size < 200_000, picture.name


def test_the_page_of_names_is_what_the_registry_says() -> None:
    path = ROOT / "docs" / "record_names.py"
    spec = util.spec_from_file_location("record_names", path)
    assert spec is not None and spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.page() == module.PAGE.read_text(encoding="utf-8"), f"out of date: run python {path.name}"
