"""TH: eight threads at once.

Arrays are a few megabytes where a half-written one is looked for, so that a copy takes longer than
a thread's turn.
"""

import sys
import threading
import time
import traceback
from contextlib import contextmanager
from functools import partial

import numpy as np
import pytest

from onevar.conformance.marks import requirement

THREADS = 8
ROUNDS = 60
DEADLINE = 180  # seconds; on a slow and busy machine these take twenty
LARGE = 1 << 18  # float32 elements: 1 MiB


@contextmanager
def _short_turns():
    """Let threads take turns fifty times as often, so that a race has its chance; more, and they do little else."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-4)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)


def _together(*workers):
    """Run the workers at once; raise the first error of any."""
    errors, barrier = [], threading.Barrier(len(workers))

    def run(worker):
        try:
            barrier.wait(60)
            worker()
        except BaseException as error:
            errors.append(error)
            raise

    def quietly(worker):
        try:
            run(worker)
        except BaseException:  # noqa: BLE001 - collected above, raised below
            return

    # Daemons, and one deadline for all: a deadlock is a failure that is reported, not a run that never ends.
    threads = [threading.Thread(target=quietly, args=(w,), daemon=True) for w in workers]
    deadline = time.monotonic() + DEADLINE
    with _short_turns():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
    hanging = [thread.ident for thread in threads if thread.is_alive()]
    assert not hanging, "threads hang:\n" + "\n".join(_where(ident) for ident in hanging)
    if errors:
        raise errors[0]


def _where(ident):
    """Where a thread is, innermost call last."""
    frame = sys._current_frames().get(ident)
    return f"thread {ident}:\n" + "".join(traceback.format_stack(frame)[-8:]) if frame else f"thread {ident}: ended"


def _repeat(call, rounds=ROUNDS):
    def worker():
        for _ in range(rounds):
            call()

    return worker


@requirement("TH-01")
@pytest.mark.parametrize("size", [1, 1000])
def test_no_update_is_lost(make, size):
    v = make(np.zeros(size, "float32"))
    _together(*[_repeat(lambda: v.assign_add(1.0))] * THREADS)
    np.testing.assert_array_equal(v.numpy(), np.full(size, THREADS * ROUNDS, "float32"))


@requirement("TH-01")
def test_no_update_is_lost_with_both_signs(make):
    v = make(np.zeros((), "int32"))
    step = np.asarray(3, "int32")
    _together(*[_repeat(lambda: v.assign_add(step))] * 5, *[_repeat(lambda: v.assign_sub(step))] * 3)
    assert int(v) == 3 * 2 * ROUNDS


@requirement("TH-01")
def test_no_update_is_lost_while_read(make):
    """Readers make writes move to fresh memory, half of the time."""
    v = make(np.zeros(5000, "float32"))
    held = []

    def read():
        held.append(v.value)
        if len(held) > 8:
            held.clear()

    _together(*[_repeat(lambda: v.assign_add(1.0))] * 4, *[_repeat(read)] * 4)
    np.testing.assert_array_equal(v.numpy(), np.full(5000, 4 * ROUNDS, "float32"))


def _writers(v, count):
    def writer(start):
        def worker():
            for i in range(12):
                v.assign(np.full(LARGE, start + i % 3, "float32"))
                v.assign_add(1.0)

        return worker

    return [writer(10 * n) for n in range(count)]


def _whole(array, what):
    first = array.flat[0]
    assert (array == first).all(), f"{what} shows two writes at once: {np.unique(array)[:4]}"


@requirement("TH-02")
@pytest.mark.parametrize("how", ["value", "numpy", "array"])
def test_no_torn_reads(make, adapter, how):
    v = make(np.zeros(LARGE, "float32"))
    read = {
        "value": lambda: adapter.to_numpy(v.value),
        "numpy": v.numpy,
        "array": lambda: np.array(v),
    }[how]
    _together(*_writers(v, 4), *[_repeat(lambda: _whole(read(), how), 30)] * 4)


@requirement("TH-03")
@pytest.mark.parametrize("operation", ["scalar", "tensor", "itself", "negative"])
def test_no_torn_operators(make, adapter, device, operation):
    v = make(np.zeros(LARGE, "float32"))
    ones = adapter.convert(np.ones(LARGE, "float32"), None, device)
    compute = {
        "scalar": lambda: v * 2.0,
        "tensor": lambda: v + ones,
        "itself": lambda: v - v.value,
        "negative": lambda: -v,
    }[operation]
    _together(*_writers(v, 4), *[_repeat(lambda: _whole(adapter.to_numpy(compute()), operation), 30)] * 4)


@requirement("TH-04")
def test_the_last_write_is_whole(make):
    for _ in range(5):
        v = make(np.zeros(LARGE, "float32"))
        values = [np.full(LARGE, n, "float32") for n in range(1, THREADS + 1)]
        _together(*[_repeat(partial(v.assign, x), 3) for x in values])
        array = v.numpy()
        _whole(array, "the last write")
        assert array[0] in range(1, THREADS + 1)


@requirement("TH-05")
def test_snapshots_hold_while_others_write(make, adapter):
    v = make(np.zeros(LARGE // 8, "float32"))

    def keep():
        for _ in range(10):
            taken = [v.value for _ in range(4)]
            before = [adapter.to_numpy(t) for t in taken]
            v.assign_add(1.0)
            for tensor, array in zip(taken, before, strict=True):
                np.testing.assert_array_equal(adapter.to_numpy(tensor), array)

    _together(*[keep] * 4, *[_repeat(lambda: v.assign_add(1.0), 20)] * 4)


@requirement("TH-06")
def test_names_are_distinct(make):
    names = []
    _together(*[_repeat(lambda: names.append(make(0.0).name), 10)] * THREADS)
    assert len(set(names)) == len(names) == 10 * THREADS
