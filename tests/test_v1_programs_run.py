"""The programs of `examples/programs` run unmodified on each framework, and print and write what TensorFlow does."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "examples" / "programs"
sys.path.append(str(FOLDER / "tools"))

import running  # noqa: E402
from table import PROGRAMS, differences  # noqa: E402

RUNS = [pytest.param(one, name, id=f"{one.name}-{name}") for one in PROGRAMS for name in one.tested]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    for module in ("sklearn", "tensorboard", "six"):
        pytest.importorskip(module)
    return running.prepare(tmp_path_factory.mktemp("data") / "data")


@pytest.fixture(scope="module")
def runs(data, tmp_path_factory, request):
    """Every run that a test asks for, by program and backend: started at once, as many at a time as there are cores."""
    folder, started = tmp_path_factory.mktemp("runs"), {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for item in request.session.items:
            wanted = item.callspec.params if item.module is request.module and hasattr(item, "callspec") else {}
            if "backend" in wanted:
                program, backend = wanted["program"], wanted["backend"]
                if find_spec(backend) and (program.name, backend) not in started:
                    where, start = folder / backend / program.name, running.command(program, backend)
                    future = pool.submit(running.run_all, program, where, data, start)
                    started[program.name, backend] = where, future
        yield started
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize(("program", "backend"), RUNS)
def test_a_program_prints_and_writes_what_it_does_in_tensorflow(program, backend, runs):
    pytest.importorskip(backend)
    folder, future = runs[program.name, backend]
    assert differences(program, future.result(), program.recorded.read_text(encoding="utf-8")) == []
    for events in program.events:
        tags, graph = read_events(folder / events)
        assert tags, f"{events} has no events"
        assert graph or events not in program.graphs
    if program.checkpoint:
        assert checkpoint_variables(folder / program.checkpoint)


def read_events(folder):
    """The tags in a folder's events, by TensorBoard's own reader, and whether a graph is there."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder), {"tensors": 0, "images": 0, "histograms": 0})
    found.Reload()
    kinds = found.Tags()
    tags = [tag for kind in ("scalars", "images", "histograms", "tensors", "audio") for tag in kinds[kind]]
    return tags or kinds["graph"], kinds["graph"]


def checkpoint_variables(prefix):
    """The values of the newest checkpoint of a prefix, read by TensorFlow where it is installed."""
    index = max(prefix.parent.glob(f"{prefix.name}*.index"), key=lambda path: path.stat().st_mtime)
    path = str(index.with_suffix(""))
    if find_spec("tensorflow"):
        import tensorflow as tf

        reader = tf.train.load_checkpoint(path)
    else:
        import onevar.v1 as tf

        reader = tf.train.load_checkpoint(path)
    return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_programs_know_nothing_of_onevar(program):
    code = program.path.read_text(encoding="utf-8")
    assert "import tensorflow as tf" in code
    assert "onevar" not in code and "compat.v1" not in code


def test_there_are_no_other_programs():
    assert {path.stem for path in FOLDER.glob("*.py")} == {program.name for program in PROGRAMS} | {"prepare_data"}
    assert {path.stem for path in (FOLDER / "recorded").iterdir()} == {program.name for program in PROGRAMS}


def test_a_difference_is_seen():
    program = next(one for one in PROGRAMS if one.name == "vae")
    text = program.recorded.read_text(encoding="utf-8")
    first = next(line for line in text.splitlines() if line.startswith("epoch"))
    assert differences(program, text, text) == []
    assert differences(program, text.replace(first, first + "!"), text)
    assert differences(program, text.replace("first -544", "first -534"), text)
    assert differences(program, text.replace(first + "\n", ""), text)
