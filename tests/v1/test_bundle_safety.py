"""Whatever happens while a checkpoint is replaced, a complete one is there: faults, kills, several writers."""

import builtins
import errno
import logging
import os
import random
import resource
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from onevar.core import op_errors
from onevar.core.bundle import Reader, checkpoint_state, files, write

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills forked processes")

#: Whatever the writer asks of the system.
CALLS = ("open", "fsync", "replace", "unlink", "link", "scandir", "mkdir", "close")
#: More than a buffer, so that the data reaches the file in several steps.
SIZE = 100_000


def tensors(version):
    return {
        "version": np.int64(version),
        "w": np.full(SIZE, version, np.int32),
        "s": np.array([b"%d" % version] * 9, object),
    }


def version_at(prefix):
    """The version of the checkpoint, all of which must be of that version."""
    with Reader(prefix) as reader:
        version = int(reader.read("version"))
        assert (reader.read("w") == version).all()
        assert set(reader.read("s")) == {b"%d" % version}
        assert set(reader.keys()) == {"version", "w", "s"}
    return version


class Fault:
    """Calls `act` instead of the `n`th call to the system."""

    def __init__(self, monkeypatch, n, act):
        self.left, self.act, self.name = n, act, None
        for name in CALLS:
            monkeypatch.setattr(os, name, self._wrapped(name, getattr(os, name)))
        monkeypatch.setattr(builtins, "open", self._wrapped("file", builtins.open))

    def _wrapped(self, name, call):
        def wrapper(*args, **kwargs):
            self.left -= 1
            if self.left == -1:
                self.name = name
                if name == "close":  # It closes the file even if it fails.
                    call(*args, **kwargs)
                self.act(name)
            return call(*args, **kwargs)

        return wrapper


def fail(name):
    raise OSError(errno.EIO, f"injected into {name}")


@pytest.fixture
def prefix(tmp_path):
    return str(tmp_path / "model.ckpt")


def _each_fault(prefix, scenario):
    """Inject a fault into each of the calls that `scenario` makes, in turn."""
    for n in range(1000):
        with pytest.MonkeyPatch.context() as patch:
            fault = Fault(patch, n, fail)
            try:
                scenario(n)
                error = None
            except op_errors.OpError as raised:
                error = raised
        yield n, fault.name, error
        if fault.name is None:
            return
    raise AssertionError("never came to an end")


@pytest.mark.parametrize("start", ["nothing", "something"])
def test_faults_in_every_call(prefix, tmp_path, start, caplog):
    caplog.set_level(logging.WARNING)
    if start == "something":
        write(prefix, tensors(1_000_000))
    before = 1_000_000 if start == "something" else None
    seen = set()
    for n, name, error in _each_fault(prefix, lambda n: write(prefix, tensors(n))):
        seen.add(name)
        if error is not None and "is written and complete" not in error.message:
            # The old one, or none if there was none.
            if before is None:
                with pytest.raises(op_errors.NotFoundError):
                    Reader(prefix)
            else:
                assert version_at(prefix) == before
        else:
            assert version_at(prefix) == n
            before = n
        if name != "unlink":
            left = [f for f in os.listdir(tmp_path) if f.endswith(".tmp")]
            assert not left, f"{name} left {left}"
    # The last one went without a fault, and tidied up after all of them.
    assert sorted(os.listdir(tmp_path)) == ["model.ckpt.data-00000-of-00001", "model.ckpt.index"]
    assert {"open", "file", "fsync", "replace", "scandir", "mkdir", None} <= seen


def _in_child(act):
    """Run `act` in a forked process and return the status that it ends with."""
    child = os.fork()
    if child == 0:
        try:
            act()
        finally:
            os._exit(0)
    return os.waitpid(child, 0)[1]


@pytest.mark.parametrize("links", [True, False], ids=["links", "no_links"])
def test_killed_before_every_call(prefix, tmp_path, links):
    write(prefix, tensors(1_000_000))
    for n in range(1000):
        before = version_at(prefix)

        def act(n=n):
            patch = pytest.MonkeyPatch()
            if not links:
                patch.setattr(os, "link", fail)
            Fault(patch, n, lambda _: os.kill(os.getpid(), signal.SIGKILL))
            write(prefix, tensors(n))

        status = _in_child(act)
        assert version_at(prefix) in (before, n)
        if status == 0:
            assert version_at(prefix) == n > 10
            break
    assert len(os.listdir(tmp_path)) == 2


def test_killed_at_any_time(prefix, tmp_path, monkeypatch):
    # A kill loses nothing that the system has, so there is no need to wait for the disk.
    monkeypatch.setattr(os, "fsync", lambda _: None)
    start = time.perf_counter()
    for version in range(5):
        write(prefix, tensors(version))
    longest = 2 * (time.perf_counter() - start) / 5
    chance = random.Random(7)
    done = set()
    for _ in range(60):
        before = version_at(prefix)
        child = os.fork()
        if child == 0:
            for version in range(before + 1, before + 10_000):
                write(prefix, tensors(version))
            os._exit(0)
        time.sleep(chance.uniform(0, longest))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        # On a busy machine a child may not have come far: then it is given longer.
        longest *= 1.0 if version_at(prefix) > before else 1.2
        assert version_at(prefix) >= before
        done.add(version_at(prefix))
    assert len(done) > 5, "the kills came before anything was written"
    write(prefix, tensors(5))
    assert len(os.listdir(tmp_path)) == 2, "leftovers"


def test_many_writers_of_one_prefix(prefix, tmp_path):
    write(prefix, tensors(0))

    def work(i):
        for j in range(10):
            write(prefix, tensors(10 * i + j))

    children = []
    for i in range(3):
        child = os.fork()
        if child == 0:
            threads = [threading.Thread(target=work, args=(2 * i + k,)) for k in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            os._exit(0)
        children.append(child)
    torn = []
    while children:
        child, status = os.waitpid(-1, os.WNOHANG)
        if child:
            children.remove(child)
            assert status == 0
        try:
            version_at(prefix)
        except op_errors.OpError as error:
            torn.append(error.message)
    assert all("open it again" in message for message in torn)
    version_at(prefix)
    assert len(os.listdir(tmp_path)) == 2


def test_a_child_that_was_forked_meanwhile_keeps_no_lock(prefix, tmp_path):
    with files.locked(str(tmp_path)):
        child = os.fork()
        if child == 0:
            time.sleep(60)
            os._exit(0)
    try:
        handle = os.open(tmp_path, os.O_RDONLY)
        assert files._try_lock(handle)
        os.close(handle)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_a_reader_keeps_what_it_opened(prefix):
    write(prefix, tensors(1))
    with Reader(prefix) as reader, Reader(prefix) as late:
        assert reader.read("version") == 1
        write(prefix, tensors(2))
        assert (reader.read("w") == 1).all()
        # This one had not opened its data file: an error, not the new data under the old index.
        with pytest.raises(op_errors.DataLossError, match="was replaced.*open it again"):
            late.read("w")
        checkpoint_state.remove_checkpoint(prefix)
        assert (reader.read("w") == 1).all()


def test_what_reaches_the_disk_first(prefix, monkeypatch):
    """Data before its name, its name before the index, the index before its name: power may fail at any time."""
    write(prefix, tensors(1))
    calls = []
    names = {}

    def recorded(name, call):
        def wrapper(*args, **kwargs):
            calls.append((name, *(os.path.basename(str(a)) for a in args if isinstance(a, str))))
            if name == "fsync":
                calls[-1] = name, names.get(os.fstat(args[0]).st_ino, "folder")
            if name == "replace":
                names[os.stat(args[0]).st_ino] = "file"
            return call(*args, **kwargs)

        return wrapper

    def marked(path, mode="r", **kwargs):
        file = opened(path, mode, **kwargs)
        if "x" in mode:
            names[os.fstat(file.fileno()).st_ino] = "file"
        return file

    opened = builtins.open
    for name in ("fsync", "replace", "unlink", "link"):
        monkeypatch.setattr(os, name, recorded(name, getattr(os, name)))
    monkeypatch.setattr(builtins, "open", marked)
    write(prefix, tensors(2))
    steps = [(c[0], c[-1]) for c in calls]
    base = "model.ckpt"
    new, usual, index = f"{base}.data-00000-of-00002", f"{base}.data-00000-of-00001", f"{base}.index"
    assert steps == [
        ("fsync", "file"), ("replace", new), ("fsync", "folder"),
        ("fsync", "file"), ("replace", index), ("fsync", "folder"),
        ("unlink", usual), ("link", usual), ("fsync", "folder"),
        ("fsync", "file"), ("replace", index), ("fsync", "folder"),
        ("unlink", new),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "error", "says"),
    [
        (errno.ENOSPC, op_errors.ResourceExhaustedError, "disk is full"),
        (errno.EDQUOT, op_errors.ResourceExhaustedError, "quota"),
        (errno.EACCES, op_errors.PermissionDeniedError, "may write to"),
        (errno.EROFS, op_errors.PermissionDeniedError, "read-only"),
        (errno.EIO, op_errors.UnknownError, "message"),
    ],
)
def test_errors_of_the_system(prefix, tmp_path, monkeypatch, code, error, says):
    write(prefix, tensors(1))

    def full(_):
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(error, match=f"{prefix} could not be written.*{says}"):
            write(prefix, tensors(2))
    assert version_at(prefix) == 1 and len(os.listdir(tmp_path)) == 2


def test_a_file_that_may_not_grow(prefix, tmp_path):
    write(prefix, tensors(1))

    def act():
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        with pytest.raises(op_errors.ResourceExhaustedError, match="too large"):
            write(prefix, tensors(2))
        os._exit(77)

    assert os.waitstatus_to_exitcode(_in_child(act)) == 77
    assert version_at(prefix) == 1 and len(os.listdir(tmp_path)) == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(prefix, tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(op_errors.PermissionDeniedError, match="Choose a folder"):
            write(prefix, tensors(1))
    finally:
        tmp_path.chmod(0o700)


def test_folders(tmp_path, monkeypatch):
    write(tmp_path / "new" / "model", tensors(1))
    assert version_at(tmp_path / "new" / "model") == 1
    with pytest.raises(op_errors.NotFoundError, match="Make the folder first"):
        write(tmp_path / "no" / "such" / "model", tensors(1))
    (tmp_path / "file").write_text("")
    with pytest.raises(op_errors.OpError, match="could not be written"):
        write(tmp_path / "file" / "model", tensors(1))
    with pytest.raises(op_errors.InvalidArgumentError):
        write(tmp_path / "other" / "model", {"x": np.array([None])})
    assert sorted(os.listdir(tmp_path)) == ["file", "new"], "a folder that was made in vain"
    monkeypatch.chdir(tmp_path / "new")
    write("here", tensors(3))
    assert version_at("here") == 3


def test_interrupted(prefix, tmp_path):
    class Interrupting(dict):
        def __getitem__(self, name):
            if name == "w":
                raise KeyboardInterrupt
            return super().__getitem__(name)

    write(prefix, tensors(1))
    with pytest.raises(KeyboardInterrupt):
        write(prefix, Interrupting(tensors(2)))
    assert version_at(prefix) == 1 and len(os.listdir(tmp_path)) == 2


def test_leftovers_of_the_dead_are_swept_and_those_of_the_living_stay(prefix, tmp_path):
    (tmp_path / f".onevar-{files.socket.gethostname()}-{'0' * 16}.tmp").write_text("dead")
    (tmp_path / f".onevar-elsewhere-{'1' * 16}.tmp").write_text("of another machine, and new")
    old = tmp_path / f".onevar-elsewhere-{'2' * 16}.tmp"
    old.write_text("of another machine, and old")
    os.utime(old, (1, 1))
    alive = files.Temporary(str(tmp_path))
    write(prefix, tensors(1))
    left = {f for f in os.listdir(tmp_path) if f.endswith(".tmp")}
    assert left == {os.path.basename(alive.path), f".onevar-elsewhere-{'1' * 16}.tmp"}
    alive.discard()


def test_an_unreadable_index_is_replaced(prefix, tmp_path):
    write(prefix, tensors(1))
    Path(prefix + ".index").write_bytes(b"not an index")
    write(prefix, tensors(2))
    assert version_at(prefix) == 2 and len(os.listdir(tmp_path)) == 2
