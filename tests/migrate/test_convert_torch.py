"""`onevar convert` to and from torch: what the models compute, against recordings of real TensorFlow 1.15."""

from pathlib import Path

import numpy as np
import pytest

from onevar.migrate.convert import ConversionError, MappingError, convert, load_into
from onevar.migrate.convert.formats import open_source

torch = pytest.importorskip("torch")
nn = torch.nn
GOLDEN = Path(__file__).parent / "convert_golden"
FLATTEN = {"net/fc1/kernel": (7, 7, 5)}


class Images(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 3)
        self.bn1 = nn.BatchNorm2d(4, eps=1e-3)
        self.dw = nn.Conv2d(4, 8, 3, groups=4)
        self.sep_depth = nn.Conv2d(8, 8, 2, groups=8, bias=False)
        self.sep_point = nn.Conv2d(8, 6, 1)
        self.up = nn.ConvTranspose2d(6, 5, 3, stride=2)
        self.fc1 = nn.Linear(245, 7)
        self.ln = nn.LayerNorm(7, eps=1e-12)
        self.fc2 = nn.Linear(7, 2)

    def forward(self, x):
        x = self.bn1(torch.relu(self.conv1(x)))
        x = self.up(self.sep_point(self.sep_depth(self.dw(x))))
        return self.fc2(self.ln(torch.tanh(self.fc1(x.flatten(1)))))


class Cells(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(3, 4, num_layers=2, batch_first=True)
        self.two = nn.LSTM(3, 4, bidirectional=True, batch_first=True)
        self.after = nn.GRU(3, 4, batch_first=True)
        self.plain = nn.RNN(3, 4, batch_first=True)
        self.projected = nn.LSTM(3, 4, proj_size=3, batch_first=True)

    def forward(self, x):
        return {name: cell(x)[0] for name, cell in self.named_children()}


def recorded(name):
    with np.load(GOLDEN / f"{name}.npz") as file:
        return dict(file)


def run_images(net):
    data = recorded("images")
    with torch.no_grad():
        got = net.eval()(torch.tensor(data["x"].transpose(0, 3, 1, 2))).numpy()
    np.testing.assert_allclose(got, data["y"], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("source", ["images.ckpt", "frozen.pb"])
def test_a_convolutional_network_computes_what_tensorflow_computed(source):
    net = Images()
    report = load_into(net, GOLDEN / source, flatten=FLATTEN)
    run_images(net)
    assert any("eps=1e-5" in note for note in report.notes), "BN epsilon and momentum are said"


def test_v1_format_checkpoint_has_the_same_numbers():
    with open_source(GOLDEN / "old.ckpt") as old, open_source(GOLDEN / "images.ckpt") as new:
        assert set(old.specs) < set(new.specs)
        for name in old.specs:
            np.testing.assert_array_equal(old.read(name), new.read(name))


def test_recurrent_networks_compute_what_tensorflow_computed():
    net, data = Cells(), recorded("cells")
    load_into(net, GOLDEN / "cells.ckpt", forget_bias=1.0, skip=["gru/*"])
    with torch.no_grad():
        got = net(torch.tensor(data["x"]))
    for name, value in got.items():
        np.testing.assert_allclose(value.numpy(), data[name], rtol=1e-4, atol=1e-5, err_msg=name)


def test_lstm_gate_order_and_forget_bias_are_not_guessed():
    with pytest.raises(MappingError, match=r"forget_bias=1\.0"):
        load_into(Cells(), GOLDEN / "cells.ckpt", skip=["gru/*"])
    net, data = Cells(), recorded("cells")
    load_into(net, GOLDEN / "cells.ckpt", forget_bias=0.0, skip=["gru/*"])
    with torch.no_grad():
        wrong = net(torch.tensor(data["x"]))["lstm"].numpy()
    assert np.abs(wrong - data["lstm"]).max() > 1e-2, "the constant matters"


def test_gru_of_tensorflow_is_another_function_than_torchs():
    with pytest.raises(ConversionError, match="different functions"):
        load_into(nn.GRU(3, 4), GOLDEN / "cells.ckpt", skip=["[!g]*"])


def test_back_to_a_checkpoint_gives_the_same_numbers(tmp_path):
    net = Images()
    load_into(net, GOLDEN / "images.ckpt", flatten=FLATTEN)
    aside = ["*Adam*", "*Average", "beta?_power", "global_step"]
    convert(net, tmp_path / "back", like=GOLDEN / "images.ckpt", flatten={"fc1.weight": (7, 7, 5)}, keep=aside)
    with open_source(tmp_path / "back") as back, open_source(GOLDEN / "images.ckpt") as first:
        for name in first.specs:
            np.testing.assert_array_equal(back.read(name), first.read(name), err_msg=name)


def test_recurrent_back_to_a_checkpoint(tmp_path):
    net = Cells()
    load_into(net, GOLDEN / "cells.ckpt", forget_bias=1.0, skip=["gru/*"])
    convert(net, tmp_path / "back", like=GOLDEN / "cells.ckpt", forget_bias=1.0, keep=["gru/*"])
    with open_source(tmp_path / "back") as back, open_source(GOLDEN / "cells.ckpt") as first:
        for name in first.specs:
            np.testing.assert_allclose(back.read(name), first.read(name), atol=1e-6, err_msg=name)


def test_a_kernel_behind_a_flattened_map_needs_the_maps_shape():
    with pytest.raises(MappingError, match=r"--flatten net/fc1/kernel=7,7,5") as caught:
        load_into(Images(), GOLDEN / "images.ckpt")
    assert [problem.kind for problem in caught.value.problems] == ["flatten"]
    net = Images()
    load_into(net, GOLDEN / "images.ckpt", flatten={"net/fc1/kernel": None})
    with pytest.raises(AssertionError):
        run_images(net)


def test_averages_are_taken_instead_of_weights(tmp_path):
    convert(GOLDEN / "images.ckpt", tmp_path / "a.npz", averages=True)
    with open_source(GOLDEN / "images.ckpt") as first, np.load(tmp_path / "a.npz") as new:
        average = first.read("net/conv1/kernel/ExponentialMovingAverage")
        np.testing.assert_array_equal(new["net/conv1/kernel"], average)
        assert not [name for name in new if "Average" in name or "Adam" in name]


@pytest.mark.parametrize("ending", [".pt", ".safetensors"])
def test_files_that_torch_and_safetensors_load(tmp_path, ending):
    path = tmp_path / f"net{ending}"
    convert(GOLDEN / "images.ckpt", path, like=Images(), flatten=FLATTEN)
    if ending == ".pt":
        state = torch.load(path, weights_only=True)
    else:
        state = pytest.importorskip("safetensors.torch").load_file(path)
    net = Images()
    net.load_state_dict(state)
    run_images(net)


@pytest.mark.parametrize("new_format", [True, False])
def test_files_that_torch_saved(tmp_path, new_format):
    net, path = Images(), tmp_path / "net.pt"
    state = {"state_dict": net.half().state_dict(), "epoch": 3, "optimizer": {"state": {}, "param_groups": []}}
    state["state_dict"]["turned"] = torch.arange(6.0).reshape(2, 3).T[1:]
    state["state_dict"]["brain"] = torch.tensor([1.5, -2], dtype=torch.bfloat16)
    torch.save(state, path, _use_new_zipfile_serialization=new_format)
    with open_source(path) as source:
        assert source.specs["conv1.weight"].dtype == "float16"
        np.testing.assert_array_equal(source.read("turned"), [[1, 4], [2, 5]])
        np.testing.assert_array_equal(source.read("brain").astype("f"), [1.5, -2])
        for name, tensor in net.state_dict().items():
            np.testing.assert_array_equal(source.read(name), tensor.numpy())
        assert any("optimizer" in note for note in source.notes)


def test_pickles_are_not_executed(tmp_path):
    torch.save(nn.Linear(2, 3), tmp_path / "whole.pt")
    with pytest.raises(ConversionError, match=r"torch\.nn\.modules\.linear\.Linear.*state_dict"):
        open_source(tmp_path / "whole.pt")

    class Evil:
        def __reduce__(self):
            return Path.unlink, (tmp_path / "precious",)

    (tmp_path / "precious").write_text("x")
    torch.save({"w": torch.zeros(2), "x": Evil()}, tmp_path / "evil.pt")
    with pytest.raises(ConversionError, match="would run code"):
        open_source(tmp_path / "evil.pt")
    assert (tmp_path / "precious").exists()


def test_several_state_dicts_need_a_key(tmp_path):
    parts = {"generator": nn.Linear(2, 3).state_dict(), "critic": nn.Linear(3, 1).state_dict()}
    torch.save(parts, tmp_path / "gan.pt")
    with pytest.raises(ConversionError, match="generator, critic"):
        open_source(tmp_path / "gan.pt")
    with open_source(tmp_path / "gan.pt", key="critic") as source:
        assert source.specs["weight"].shape == (1, 3)


def test_a_module_that_fails_midway_is_as_it_was():
    net = Images()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    with pytest.raises(MappingError, match="nothing was written"):
        load_into(net, GOLDEN / "images.ckpt", flatten=FLATTEN, skip=["net/fc2/bias"])
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())


def test_modules_whose_tensors_have_no_values():
    with torch.device("meta"):
        module = torch.nn.Linear(3, 2)
    for each in (module, torch.nn.LazyLinear(2)):
        with pytest.raises(ConversionError, match="has no values yet"):
            load_into(each, {"kernel": np.zeros((3, 2), "f"), "bias": np.zeros(2, "f")})
    with pytest.raises(TypeError, match="load_into has no skp; there are averages, by_order"):
        load_into(torch.nn.Linear(3, 2), {"kernel": np.zeros((3, 2), "f")}, skp=["x"])
