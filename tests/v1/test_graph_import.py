"""Graphs of real TensorFlow, read from meta graphs with their checkpoints: they compute and train as they did there."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

import onevar.v1 as tf

pytest.importorskip("tensorboard")
GOLDEN = Path(__file__).parent / "golden"
PROGRAMS = ("conv", "branches", "loops", "recurrent")


@pytest.fixture(scope="module", params=["graphs_1", "graphs_2"])
def recorded(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    with zipfile.ZipFile(GOLDEN / f"{request.param}.zip") as archive:
        archive.extractall(folder)
    return folder, json.loads((folder / "results.json").read_text())


def close(found, expected):
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, np.asarray(b), rtol=5e-5, atol=3e-5)


def opened(recorded, name):
    folder, results = recorded
    saver = tf.train.import_meta_graph(str(folder / f"{name}.meta"))
    session = tf.Session()
    saver.restore(session, str(folder / name))
    return session, results[name]


@pytest.mark.parametrize("name", PROGRAMS)
def test_computes_the_same(recorded, name, monkeypatch):
    monkeypatch.setenv("ONEVAR_BACKEND", "numpy")
    with tf.Graph().as_default():
        session, expected = opened(recorded, name)
        close(session.run(expected["fetches"], expected["feeds"]), expected["before"])
        session.close()


@pytest.mark.parametrize(
    ("name", "backend"),
    [
        ("conv", "torch"),
        ("branches", "torch"),
        ("recurrent", "torch"),
        ("conv", "jax"),
        ("branches", "jax"),
        ("conv", "tensorflow"),
    ],
)
def test_trains_on(recorded, name, backend, monkeypatch):
    pytest.importorskip(backend)
    if backend != "torch" and recorded[1]["version"].startswith("2"):
        pytest.skip("one of the two versions is enough where compiling takes long")
    monkeypatch.setenv("ONEVAR_BACKEND", backend)
    with tf.Graph().as_default():
        session, expected = opened(recorded, name)
        for _ in range(3):
            session.run("train", expected["feeds"])
        close(session.run(expected["fetches"], expected["feeds"]), expected["after"])
        session.close()


@pytest.mark.parametrize("name", PROGRAMS)
def test_names_and_collections(recorded, name):
    with tf.Graph().as_default() as graph:
        session, expected = opened(recorded, name)
        flows = ("cond", "case", "while", "map", "scan", "gradients")
        names = [n for _, n in expected["nodes"] if not any(flow in n for flow in flows)]
        assert all(graph.get_operation_by_name(n).name == n for n in names) and len(names) > 15
        assert all(graph.get_tensor_by_name(n).name == n for n in expected["fetches"])
        assert {"variables", "trainable_variables"} <= set(graph.get_all_collection_keys())
        session.close()


def test_gradients_of_an_imported_graph(recorded, monkeypatch):
    """What was imported is differentiated like what was built here, loops and branches included."""
    pytest.importorskip("torch")
    monkeypatch.setenv("ONEVAR_BACKEND", "torch")
    with tf.Graph().as_default() as graph:
        session, expected = opened(recorded, "recurrent")
        loss = graph.get_tensor_by_name(expected["fetches"][-1])
        train = tf.train.GradientDescentOptimizer(0.5).minimize(loss)
        for _ in range(3):
            session.run(train, expected["feeds"])
        close(session.run(expected["fetches"], expected["feeds"]), expected["after"])
        session.close()
