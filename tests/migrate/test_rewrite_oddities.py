"""`onevar migrate` on odd files: what is no import stays byte for byte, and the program prints what it did."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("libcst")

from onevar.migrate import audit
from onevar.migrate.rewrite import project
from onevar.migrate.rewrite.context import Options

HERE = Path(__file__).parent
FILES = {path.name.removesuffix(".txt"): path.read_bytes() for path in sorted((HERE / "oddities").glob("*.txt"))}
#: Files that Python, or this Python, cannot read, and what is said of them.
UNREADABLE = {
    "python2.py": "Python 2 (the print statement): convert it with 2to3 first",
    "unknown_encoding.py": "unknown encoding: no-such-thing",
    "not_utf8.py": "'utf-8' codec can't decode byte 0xff",
    **({"typed_generics_312.py": "Python 3.12 or later ("} if sys.version_info < (3, 12) else {}),
}
SHIM = Options(stage="shim")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = tmp_path_factory.mktemp("odd") / "before"
    found.mkdir()
    for name, content in FILES.items():
        (found / name).write_bytes(content)
    return found


@pytest.fixture(scope="module")
def migrated(folder):
    return project.migrate(folder, SHIM)


@pytest.fixture(scope="module")
def after(migrated, tmp_path_factory):
    found = tmp_path_factory.mktemp("odd") / "after"
    found.mkdir()
    for one in migrated.rewritings:
        (found / one.path).write_bytes(one.after)
    return found


def test_each_file_is_rewritten_or_a_row(migrated):
    failures = {one.path: one.reason for one in migrated.failures}
    assert set(failures) == set(UNREADABLE)
    assert all(UNREADABLE[name] in failures[name] for name in UNREADABLE), failures
    assert {one.path for one in migrated.rewritings} == set(FILES) - set(UNREADABLE)


@pytest.mark.parametrize("name", sorted(set(FILES) - set(UNREADABLE)))
def test_what_is_no_import_stays_byte_for_byte(name, migrated):
    (found,) = (one for one in migrated.rewritings if one.path == name)
    before, after = found.before.splitlines(keepends=True), found.after.splitlines(keepends=True)
    assert len(before) == len(after)
    for old, new in zip(before, after, strict=True):
        assert old == new or (b"tensorflow" in old and b"onevar" in new and ending(old) == ending(new))


def ending(line):
    return line[len(line.rstrip()) :]


def run(how, folder):
    command = [sys.executable, str(HERE / "run_both.py"), how, str(folder)]
    environment = {**os.environ, "ONEVAR_BACKEND": "numpy"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_programs_print_what_they_did(after, tmp_path):
    before = tmp_path / "before"
    before.mkdir()
    for path in after.glob("*.py"):
        (before / path.name).write_bytes(FILES[path.name])
    old, new = run("redirected", before), run("plain", after)
    assert old == new
    assert not [name for name, text in new.items() if "Traceback" in text]
    assert all(text for name, text in new.items() if name not in ("empty.py", "only_comment.py"))


def test_a_second_time_changes_nothing(after):
    again = project.migrate(after, SHIM)
    assert [one.path for one in again.rewritings if one.changed] == []
    assert {one.status for one in again.findings} == {"left"}


def test_the_account_is_the_audits(folder, migrated):
    audited = audit.make(folder)
    rows = sorted((row.file, row.line, row.symbol, row.is_import) for row in audited.rows)
    found = sorted((one.path, one.line, one.symbol) for one in migrated.findings)
    assert found == [row[:3] for row in rows]
    assert sum(migrated.counts().values()) == len(audited.rows)
    assert {one.file for one in audited.unread} == {one.path for one in migrated.failures}
