"""What `convert.names.infer` finds, and what it refuses to guess."""

import itertools

import numpy as np
import pytest

from onevar.migrate.convert import ConversionError, MappingError, infer
from onevar.migrate.convert.name_map import read_map
from onevar.migrate.convert.spec import Spec


def pairs(name_map):
    return {row.sources[0]: row.targets[0] for row in name_map.rows if row.sources}


def test_shape_alone_decides_where_it_can():
    name_map = infer({"Variable": (784, 50), "Variable_1": (50,)}, {"fc.weight": (50, 784), "fc.bias": (50,)})
    assert pairs(name_map) == {"Variable": "fc.weight", "Variable_1": "fc.bias"}
    assert [row.rule for row in name_map.rows] == ["dense", "same"]


def test_numbers_are_ranks_and_not_names():
    """`dense_2` is the third layer; torch's Sequential calls it 4."""
    source = {name + part: shape for name in ("dense", "dense_1", "dense_2", "dense_10")
              for part, shape in (("/kernel", (8, 8)), ("/bias", (8,)))}  # fmt: skip
    target = {f"{at}.{part}": shape for at in (0, 2, 4, 20) for part, shape in (("weight", (8, 8)), ("bias", (8,)))}
    found = pairs(infer(source, target))
    assert [found[f"{name}/kernel"] for name in ("dense", "dense_1", "dense_2", "dense_10")] == [
        "0.weight", "2.weight", "4.weight", "20.weight",
    ]  # fmt: skip
    assert found["dense_10/bias"] == "20.bias"


def test_layers_counted_from_one_and_from_nought():
    source = {f"layer_{at}/kernel": (8, 8) for at in (1, 2, 3)}
    found = pairs(infer(source, {f"layer_{at}/kernel": (8, 8) for at in (0, 1, 2)}))
    assert found == {f"layer_{at}/kernel": f"layer_{at - 1}/kernel" for at in (1, 2, 3)}


def test_words_decide_between_layers_of_one_shape():
    source = {f"attn/{name}/kernel": (8, 8) for name in ("query", "key", "value", "output")}
    target = {f"self_attention.{name}.weight": (8, 8) for name in ("v", "out", "k", "q")}
    found = pairs(infer(source, {**target, **{f"self_attention.{n}.bias": (8,) for n in ()}}, rules={"*": "dense"}))
    assert found["attn/query/kernel"] == "self_attention.q.weight"
    assert found["attn/output/kernel"] == "self_attention.out.weight"


def test_what_nothing_tells_apart_is_an_error_with_candidates():
    source = {"encoder/fc/kernel": (8, 8), "decoder/fc/kernel": (8, 8)}
    target = {"a.weight": (8, 8), "b.weight": (8, 8), "a.bias": (8,), "b.bias": (8,)}
    with pytest.raises(MappingError, match=r"may be any of a\.weight, b\.weight: nothing tells them apart") as caught:
        infer(source, target, keep=["*.bias"])
    assert {problem.kind for problem in caught.value.problems} == {"ambiguous"}
    found = pairs(infer(source, target, keep=["*.bias"], by_order=True))
    assert found == {"encoder/fc/kernel": "a.weight", "decoder/fc/kernel": "b.weight"}
    told = infer(source, target, keep=["*.bias"], given={"encoder/fc/kernel": "b.weight"})
    assert pairs(told) == {"encoder/fc/kernel": "b.weight", "decoder/fc/kernel": "a.weight"}


def test_groups_of_different_sizes_are_not_paired_by_rank():
    """Four tensors each, in groups of one and three there, and of two and two here."""
    source = {f"block{b}/unit_{u}/kernel": (8, 8) for b, u in ((1, 1), (2, 1), (2, 2), (2, 3))}
    target = {f"layer{b}.{u}.weight": (8, 8) for b, u in ((1, 0), (1, 1), (2, 0), (2, 1))}
    with pytest.raises(MappingError, match="nothing tells them apart"):
        infer(source, target, rules={"*": "dense"})


def test_equal_names_are_never_crossed_by_shapes():
    source = {"a/kernel": (3, 4), "b/kernel": (4, 3)}
    with pytest.raises(MappingError, match="have one name, and no rule"):
        infer(source, {"a/kernel": (4, 3), "b/kernel": (3, 4)}, source_style="tf1", target_style="keras")


def test_every_tensor_on_either_side_is_accounted_for():
    source, target = {"w": (2, 3), "extra": (7,)}, {"w": (2, 3), "other": (9,)}
    with pytest.raises(MappingError, match=r"--skip extra(.|\n)*--keep-init other"):
        infer(source, target)
    name_map = infer(source, target, skip=["ex*"], keep=["other"])
    assert name_map.left_out == {"extra": "said so"}
    assert name_map.kept == {"other": "said so"}


@pytest.mark.parametrize("option", ["skip", "keep", "rules"])
def test_patterns_of_nothing_are_an_error(option):
    value = {"nix*": "same"} if option == "rules" else ["nix*"]
    with pytest.raises(ConversionError, match="nix"):
        infer({"w": (2,)}, {"w": (2,)}, **{option: value})


def test_slots_and_counters_are_left_out_by_name():
    source = {"w": (2, 3), "w/Adam": (2, 3), "w/Adam_1": (2, 3), "train/w/Momentum": (2, 3), "beta1_power": (),
              "train/beta2_power_1": (), "global_step": (), "w/ExponentialMovingAverage": (2, 3)}  # fmt: skip
    name_map = infer(source, {"w": (2, 3)})
    assert set(name_map.left_out) == set(source) - {"w"}
    assert name_map.left_out["train/w/Momentum"] == "optimizer slot Momentum"
    assert infer(source, source).left_out == {}


def test_batch_norm_without_scale_gets_ones():
    source = {"bn/beta": (4,), "bn/moving_mean": (4,), "bn/moving_variance": (4,)}
    target = {"b.weight": (4,), "b.bias": (4,), "b.running_mean": (4,), "b.running_var": (4,),
              "b.num_batches_tracked": ()}  # fmt: skip
    name_map = infer(source, target)
    new = name_map.apply({name: np.full(shape, 3.0, "f") for name, shape in source.items()})
    np.testing.assert_array_equal(new["b.weight"], 1)
    np.testing.assert_array_equal(new["b.bias"], 3)
    assert new["b.num_batches_tracked"] == 0


def test_square_kernels_beside_untransposed_ones_are_asked_for():
    """GPT-2's Conv1D in torch is not transposed; a square one does not show it."""
    source = {"h/fc/w": (1, 8, 32), "h/fc/b": (32,), "h/proj/w": (1, 8, 8), "h/proj/b": (8,)}
    target = {"h.fc.weight": (8, 32), "h.fc.bias": (32,), "h.proj.weight": (8, 8), "h.proj.bias": (8,)}
    with pytest.raises(MappingError, match="--rule h/proj/w=same"):
        infer(source, target)
    assert infer(source, target, rules={"h/proj/w": "same"}).rows[2].rule == "same"


def test_heads_are_split_and_joined():
    source = {f"attention/self/{name}/{part}": shape for name in ("query", "key")
              for part, shape in (("kernel", (8, 8)), ("bias", (8,)))}  # fmt: skip
    target = {f"mha/{name}/{part}": shape for name in ("query", "key")
              for part, shape in (("kernel", (8, 2, 4)), ("bias", (2, 4)))}  # fmt: skip
    name_map = infer(source, target, target_style="keras")
    kernel = np.arange(64.0, dtype="f").reshape(8, 8)
    new = name_map.apply({n: kernel if n.endswith("kernel") else kernel[0] for n in source})
    np.testing.assert_array_equal(new["mha/query/kernel"], kernel.reshape(8, 2, 4))


def test_a_map_is_written_edited_and_read(tmp_path):
    source = {"net/cell/basic_lstm_cell/kernel": (7, 16), "net/cell/basic_lstm_cell/bias": (16,),
              "out/kernel": (4, 2), "extra": (3,), "u/kernel": (18, 6), "global_step": ()}  # fmt: skip
    target = {"rnn.weight_ih_l0": (16, 3), "rnn.weight_hh_l0": (16, 4), "rnn.bias_ih_l0": (16,),
              "rnn.bias_hh_l0": (16,), "out.weight": (2, 4), "u.weight": (6, 18), "new": (5,)}  # fmt: skip
    options = {"skip": ["extra"], "keep": ["new"], "forget_bias": 0.5, "flatten": {"u/kernel": (3, 3, 2)}}
    name_map = infer(source, target, **options)
    path = tmp_path / "map.tsv"
    path.write_text(name_map.to_text())
    again = infer(source, target, given=read_map(path))
    assert again.left_out == {"extra": "said so", "global_step": "said so"}
    rng = np.random.default_rng(0)
    values = {name: rng.normal(size=shape).astype("f") for name, shape in source.items()}
    for name, value in name_map.apply(values).items():
        np.testing.assert_array_equal(again.apply(values)[name], value)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("w", "SOURCE<tab>TARGET"),
        ("w\tw\tnix", "no rule 'nix'"),
        ("w\tw\tdense flatten=a", "no value"),
        ("w\tw\tdense speed=1", "no option"),
        ("v\tw", "the source has not"),
        ("w\tv", "the target has not"),
        ("-\t-", "neither"),
    ],
)
def test_mistakes_in_a_map_are_said(tmp_path, line, message):
    path = tmp_path / "map.tsv"
    path.write_text(line + "\n")
    with pytest.raises(ConversionError, match=message):
        infer({"w": (2, 2)}, {"w": (2, 2)}, given=read_map(path))


def test_peepholes_and_projections_are_refused_where_there_are_none():
    source = {"lstm_cell/kernel": (7, 16), "lstm_cell/bias": (16,), **{f"lstm_cell/w_{g}_diag": (4,) for g in "ifo"}}
    target = {"rnn.weight_ih_l0": (16, 3), "rnn.weight_hh_l0": (16, 4), "rnn.bias_ih_l0": (16,),
              "rnn.bias_hh_l0": (16,)}  # fmt: skip
    name_map = infer(source, target, forget_bias=1.0)
    with pytest.raises(ConversionError, match="peepholes"):
        name_map.apply({name: np.ones(shape, "f") for name, shape in source.items()})


def test_numbers_of_another_kind_are_refused():
    with pytest.raises(ConversionError, match="different kinds"):
        infer({"w": np.zeros(2, "i4")}, {"w": np.zeros(2, "f4")}).apply({"w": np.zeros(2, "i4")})
    with pytest.raises(ConversionError, match="cannot hold"):
        infer({"w": np.zeros(2, "f4")}, {"w": np.zeros(2, "f2")}).apply({"w": np.full(2, 1e30, "f4")})


def test_stars_in_a_map_stand_for_what_they_match():
    source = {f"block_{at}/{name}/kernel": (8, 8) for at in range(3) for name in ("dense", "dense_1")}
    target = {f"layers.{at}.{name}.weight": (8, 8) for at in range(3) for name in ("q", "k")}
    given = {"block_*/dense/kernel": "layers.*.q.weight", "block_*/dense_1/kernel": "layers.*.k.weight"}
    found = pairs(infer(source, target, given=given, rules={"*kernel": "dense"}))
    assert found["block_2/dense_1/kernel"] == "layers.2.k.weight"
    assert len(found) == 6
    with pytest.raises(ConversionError, match="as many stars"):
        infer(source, target, given={"block_*/dense/kernel": "layers.0.q.weight"})


def test_kernels_and_biases_of_a_pinn_in_torch():
    """maziarraissi/PINNs: tf.Variables without names, biases of shape (1, n)."""
    sizes = [2, 20, 20, 20, 1]
    source, target = {}, {}
    for at, (rows, columns) in enumerate(itertools.pairwise(sizes)):
        source[f"Variable_{2 * at}" if at else "Variable"] = (rows, columns)
        source[f"Variable_{2 * at + 1}"] = (1, columns)
        target |= {f"net.{2 * at}.weight": (columns, rows), f"net.{2 * at}.bias": (columns,)}
    name_map = infer(source, target)
    assert [row.rule for row in name_map.rows] == ["dense", "same"] * 4, "square kernels are transposed too"
    assert list(pairs(name_map).values()) == list(target)


def test_dcgan_maps_on_both_sides_of_a_dense_layer_are_asked_for():
    """carpedm20/DCGAN-tensorflow: the generator's projection does not explain the critic's flattened map."""
    source = {"generator/g_h0_lin/Matrix": (100, 8192), "generator/g_h0_lin/bias": (8192,),
              "generator/g_h1/w": (5, 5, 256, 512), "generator/g_h1/biases": (256,),
              "discriminator/d_h3_conv/w": (5, 5, 256, 512), "discriminator/d_h3_conv/biases": (512,),
              "discriminator/d_h4_lin/Matrix": (8192, 1), "discriminator/d_h4_lin/bias": (1,)}  # fmt: skip
    target = {"gen.lin.weight": (8192, 100), "gen.lin.bias": (8192,), "gen.up.weight": (512, 256, 5, 5),
              "gen.up.bias": (256,), "critic.conv.weight": (512, 256, 5, 5), "critic.conv.bias": (512,),
              "critic.lin.weight": (1, 8192), "critic.lin.bias": (1,)}  # fmt: skip
    with pytest.raises(MappingError) as caught:
        infer(source, target)
    assert {problem.name for problem in caught.value.problems} == {
        "generator/g_h0_lin/Matrix", "discriminator/d_h4_lin/Matrix",
    }  # fmt: skip
    shape = (4, 4, 512)
    name_map = infer(source, target, unflatten={"*g_h0_lin*": shape}, flatten={"*d_h4_lin*": shape})
    bias = np.arange(8192.0, dtype="f")
    values = {name: np.zeros(shape, "f") for name, shape in source.items()} | {"generator/g_h0_lin/bias": bias}
    new = name_map.apply(values)["gen.lin.bias"]
    np.testing.assert_array_equal(new.reshape(512, 4, 4).transpose(1, 2, 0), bias.reshape(shape))


def test_square_matrices_that_nothing_describes_are_asked_for():
    with pytest.raises(MappingError, match=r"transposed or as it is(.|\n)*--rule Variable="):
        infer({"Variable": (8, 8)}, {"fc.weight": (8, 8)}, source_style="tf1", target_style="torch")
    assert (
        infer({"Variable": (8, 8)}, {"fc.weight": (8, 8)}, rules={"Variable": "same"}, target_style="torch")
        .rows[0]
        .rule
        == "same"
    )


def test_a_weight_inside_anothers_name_is_no_slot():
    with pytest.raises(MappingError, match="w/projection"):
        infer({"w": (2, 3), "w/projection": (2, 3)}, {"w": (2, 3)})


def test_bert_in_torch():
    """google-research/bert into the names that Hugging Face's transformers has."""
    wanted, target = {}, {}

    def add(name, shape, ending="weight", transposed=False):
        new = name.replace("layer_", "layer.").rpartition("/")[0] if "/" in name else name
        new = f"{new.replace('/', '.')}.{ending}"
        wanted[name], target[new] = (new, shape), shape[::-1] if transposed else shape

    for at in range(12):
        layer = f"bert/encoder/layer_{at}"
        inner = ["attention/self/query", "attention/self/key", "attention/self/value", "attention/output/dense"]
        for name, shape in [(each, (8, 8)) for each in inner] + [
            ("intermediate/dense", (8, 32)),
            ("output/dense", (32, 8)),
        ]:
            add(f"{layer}/{name}/kernel", shape, transposed=True)
            add(f"{layer}/{name}/bias", shape[1:], "bias")
        for name in ("attention/output/LayerNorm", "output/LayerNorm"):
            add(f"{layer}/{name}/gamma", (8,))
            add(f"{layer}/{name}/beta", (8,), "bias")
    for name, rows in (("word", 50), ("position", 20), ("token_type", 2)):
        wanted[f"bert/embeddings/{name}_embeddings"] = (f"bert.embeddings.{name}_embeddings.weight", (rows, 8))
        target[f"bert.embeddings.{name}_embeddings.weight"] = (rows, 8)
    add("bert/pooler/dense/kernel", (8, 8), transposed=True)
    add("bert/pooler/dense/bias", (8,), "bias")
    add("cls/predictions/transform/dense/kernel", (8, 8), transposed=True)
    wanted["cls/seq_relationship/output_weights"] = ("cls.seq_relationship.weight", (2, 8))
    wanted["cls/seq_relationship/output_bias"] = ("cls.seq_relationship.bias", (2,))
    target |= {"cls.seq_relationship.weight": (2, 8), "cls.seq_relationship.bias": (2,)}
    source = {name: shape for name, (_, shape) in wanted.items()}
    slots = {f"{name}/adam_{slot}": shape for name, shape in source.items() for slot in "mv"}
    name_map = infer({**source, **slots, "global_step": ()}, target)
    assert pairs(name_map) == {name: new for name, (new, _) in wanted.items()}
    assert {row.rule for row in name_map.rows if row.sources[0].endswith("kernel")} == {"dense"}


def test_letters_behind_numbers_count():
    """Slim's Inception: the letter of `Mixed_5c` is none of `Conv2d_0c_3x3`'s, and each batch norm is its kernel's."""
    inside = {"0/Conv2d_0a_1x1": ("branch0", (1, 1, 8, 4)), "1/Conv2d_0a_1x1": ("branch1.0", (1, 1, 8, 4)),
              "1/Conv2d_0b_3x3": ("branch1.1", (3, 3, 4, 4)), "2/Conv2d_0b_3x3": ("branch2.1", (3, 3, 4, 4)),
              "2/Conv2d_0c_3x3": ("branch2.2", (3, 3, 4, 4))}  # fmt: skip
    source, target, want = {}, {}, {}
    for block in ("Mixed_5b", "Mixed_5c", "Mixed_5d"):
        for old, (new, shape) in inside.items():
            scope = f"InceptionV3/{block}/Branch_{old}"
            source |= {f"{scope}/weights": shape, f"{scope}/BatchNorm/beta": (4,)}
            target |= {f"{block}.{new}.conv.weight": shape[::-1]}
            target |= {f"{block}.{new}.bn.{part}": (4,) for part in ("weight", "bias")}
            want |= {f"{scope}/weights": f"{block}.{new}.conv.weight"}
            want |= {f"{scope}/BatchNorm/beta": f"{block}.{new}.bn.bias"}
    assert pairs(infer(source, target)) == want


def test_a_batch_norm_goes_where_its_convolution_goes():
    """MobileNet: kernels tell by their shapes, batch norms of one width by the layer that they are in."""
    source, target, want = {}, {}, {}
    shapes = [(3, 3, 3, 8), (3, 3, 8, 1), (1, 1, 8, 16)]
    for at, name in enumerate(("Conv2d_0", "Conv2d_1_depthwise", "Conv2d_1_pointwise")):
        last = "depthwise_weights" if "depthwise" in name else "weights"
        width = shapes[at][2] if "depthwise" in name else shapes[at][3]
        source |= {f"Mobilenet/{name}/{last}": shapes[at], f"Mobilenet/{name}/BatchNorm/beta": (width,)}
        h, w, i, o = shapes[at]
        target[f"features.{at}.0.weight"] = (i, 1, h, w) if "depthwise" in name else (o, i, h, w)
        target |= {f"features.{at}.1.weight": (width,), f"features.{at}.1.bias": (width,)}
        want[f"Mobilenet/{name}/BatchNorm/beta"] = f"features.{at}.1.bias"
    name_map = infer(source, target)
    found = pairs(name_map)
    assert {name: found[name] for name in want} == want
    ones = {row.targets[0] for row in name_map.rows if row.rule == "ones"}
    assert ones == {f"features.{at}.1.weight" for at in range(3)}


def test_a_convolution_over_the_whole_map_is_a_dense_layer_elsewhere():
    """Slim's VGG: `fc6` is a convolution of 7 by 7 there, and a Linear behind `flatten` in torchvision."""
    rng = np.random.default_rng(0)
    x, kernel = rng.normal(size=(2, 3, 3, 4)), rng.normal(size=(3, 3, 4, 6)).astype("f")
    want = x.reshape(2, -1) @ kernel.reshape(-1, 6)
    name_map = infer({"vgg/fc6/weights": kernel}, {"classifier.0.weight": (6, 36)}, target_style="torch")
    linear = name_map.apply({"vgg/fc6/weights": kernel})["classifier.0.weight"]
    np.testing.assert_allclose(np.moveaxis(x, -1, 1).reshape(2, -1) @ linear.T, want, rtol=1e-5, atol=1e-5)
    back = infer({"classifier.0.weight": linear}, {"vgg/fc6/weights": kernel}, source_style="torch")
    np.testing.assert_array_equal(back.apply({"classifier.0.weight": linear})["vgg/fc6/weights"], kernel)


def test_a_rule_that_was_said_does_for_a_layer_of_another_rule():
    """BERT's `output_weights` are used transposed, so that they are a Linear's as they are."""
    source, target = {"cls/output_weights": (2, 16)}, {"cls.weight": Spec((2, 16), layer="Linear")}
    with pytest.raises(MappingError, match=r"cls\.weight has its shape.*--rule cls/output_weights=same"):
        infer(source, target, target_style="torch")
    name_map = infer(source, target, target_style="torch", rules={"cls/output_weights": "same"})
    assert [row.rule for row in name_map.rows] == ["same"]


def test_one_tensor_under_two_names():
    source = {"embedding": (9, 4), "dense/kernel": (4, 4), "dense/bias": (4,)}
    target = {"emb.weight": Spec((9, 4), layer="Embedding"), "fc.weight": (4, 4), "fc.bias": (4,)}
    target["decoder.weight"] = Spec((9, 4), layer="Linear", tied="emb.weight")
    rows = [(row.sources[0], row.targets[0]) for row in infer(source, target).rows]
    assert ("embedding", "emb.weight") in rows
    assert ("embedding", "decoder.weight") in rows
    back = infer(target, source, source_style="torch", target_style="tf1")
    assert back.left_out == {"decoder.weight": "the same tensor as emb.weight"}
    two = {"embedding": "emb.weight", "other": "decoder.weight"}
    with pytest.raises(ConversionError, match="are one tensor, and embedding and other are two"):
        infer({**source, "other": (9, 4)}, target, given=two)


def test_a_map_from_another_editor(tmp_path):
    path = tmp_path / "map.tsv"
    path.write_bytes("\ufeffa/kernel:0\tfc.weight\tsame\r\nb/kernel\tgc.weight\r\n".encode())
    source, target = {"a/kernel": (4, 4), "b/kernel": (4, 5)}, {"fc.weight": (4, 4), "gc.weight": (5, 4)}
    rows = infer(source, target, given=read_map(path)).rows
    assert [(row.targets[0], row.rule) for row in rows] == [("fc.weight", "same"), ("gc.weight", "dense")]
    path.write_text("a/kernel\tfc.weight\tsame\nb/kernel\tfc.weight\tsame\n")
    with pytest.raises(ConversionError, match=r"gives 'fc\.weight' two values"):
        infer(source, target, given=read_map(path))


def test_a_convolution_of_one_by_one_is_no_flattened_map():
    source = {"c/weights": (3, 3, 3, 4), "logits/weights": (1, 1, 16, 10)}
    name_map = infer(source, {"c.weight": (4, 3, 3, 3), "fc.weight": (10, 16)}, target_style="torch")
    assert [row.options for row in name_map.rows] == [{}, {}]
