"""NA: a Variable as a citizen of torch."""

import io
import pickle

import numpy as np
import pytest
import torch

import onevar
from onevar.conformance.marks import requirement
from onevar.errors import TracedAssignment

BACKEND = "torch"


@pytest.fixture
def problem():
    """A linear regression that has an exact answer: x (64, 3), y (64,), w (3,)."""
    rng = np.random.default_rng(0)
    w = np.array([1.0, -2.0, 0.5], "float32")
    x = rng.normal(size=(64, 3)).astype("float32")
    return torch.from_numpy(x), torch.from_numpy(x @ w), w


@requirement("NA-10")
@pytest.mark.parametrize("optimizer", [torch.optim.Adam, torch.optim.SGD, torch.optim.AdamW])
def test_optimizers_train_the_variable(make, problem, optimizer):
    x, y, w = problem
    v = make(np.zeros(3, "float32"))
    steps = optimizer([v.native], lr=0.1)
    for _ in range(300):
        steps.zero_grad()
        loss = torch.mean((torch.matmul(x, v) - y) ** 2)
        loss.backward()
        steps.step()
    assert loss.item() < 1e-2
    np.testing.assert_allclose(v.numpy(), w, atol=0.1)


@requirement("NA-10")
def test_training_goes_on_after_assign(make, problem):
    """`assign` keeps the Parameter, so that the optimizer still trains the Variable."""
    x, y, w = problem
    v = make(np.zeros(3, "float32"))
    steps = torch.optim.SGD([v.native], lr=0.1)
    held = v.value
    v.assign(np.full(3, 5, "float32"))
    assert (held == 0).all()
    for _ in range(300):
        steps.zero_grad()
        torch.mean((x @ v - y) ** 2).backward()
        steps.step()
    np.testing.assert_allclose(v.numpy(), w, atol=1e-2)


@requirement("NA-10")
def test_module_and_state_dict(make):
    class Dense(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.v = make("glorot_uniform", shape=(3, 2), name="kernel")
            self.kernel = self.v.native

        def forward(self, x):
            return torch.matmul(x, self.v)

    module = Dense()
    assert isinstance(module.v.native, torch.nn.Parameter)
    assert [name for name, _ in module.named_parameters()] == ["kernel"]
    file = io.BytesIO()
    torch.save(module.state_dict(), file)
    before = module.v.numpy()
    module.v.assign(np.zeros((3, 2), "float32"))
    file.seek(0)
    module.load_state_dict(torch.load(file))
    np.testing.assert_array_equal(module.v.numpy(), before)
    assert module(torch.ones(4, 3)).shape == (4, 2)


@requirement("NA-10")
def test_frozen_variables_have_no_gradient(make):
    v, frozen = make(np.ones(3)), make(np.ones(3), trainable=False)
    torch.sum(v * v + frozen * v).backward()
    assert v.native.grad is not None and frozen.native.grad is None
    frozen.trainable = True
    assert frozen.native.requires_grad


@requirement("NA-11")
@pytest.mark.parametrize(
    "call",
    [
        lambda v, x: torch.matmul(v, x),
        lambda v, x: torch.matmul(x, v),
        lambda v, x: x @ v,
        lambda v, x: torch.add(v, x),
        lambda v, x: torch.nn.functional.linear(x, v),
        lambda v, x: torch.cat([v, x]),
        lambda v, x: torch.stack([x, v]),
        lambda v, x: torch.exp(v) + x,
        lambda v, x: torch.einsum("ij,jk->ik", v, x),
        lambda v, x: torch.where(x > 0, v, x),
        lambda v, x: x * v,
    ],
)
def test_functions_take_the_variable(make, call):
    array = np.arange(9, dtype="float32").reshape(3, 3) / 9
    v, x = make(array), torch.full((3, 3), 0.5)
    expected = call(torch.from_numpy(array), x)
    result = call(v, x)
    assert type(result) is torch.Tensor
    torch.testing.assert_close(result, expected)
    result.sum().backward()
    assert v.native.grad is not None, "the gradient does not reach the native"


@requirement("NA-11")
def test_autograd_finds_the_native(make):
    v = make(np.array([1.0, 2.0], "float32"))
    (grad,) = torch.autograd.grad(torch.sum(v * v), [v.native])
    torch.testing.assert_close(grad, torch.tensor([2.0, 4.0]))


@requirement("NA-12")
def test_func_grad_and_vmap(make):
    v = make(np.array([1.0, 2.0], "float32"))

    def loss(values, x):
        out, _ = onevar.functionalize(lambda: torch.sum(v * v * x), [v])(values)
        return out

    x = torch.tensor([3.0, 4.0])
    (grad,) = torch.func.grad(loss)([v.value.detach()], x)
    torch.testing.assert_close(grad, torch.tensor([6.0, 16.0]))
    batch = torch.func.vmap(loss, in_dims=(None, 0))([v.value.detach()], torch.stack([x, 2 * x]))
    torch.testing.assert_close(batch, torch.tensor([19.0, 38.0]))
    (rows,) = torch.func.jacrev(lambda values: onevar.functionalize(lambda: v * v, [v])(values)[0])([v.value.detach()])
    torch.testing.assert_close(rows, torch.diag(torch.tensor([2.0, 4.0])))


@requirement("NA-12", "BI-10")
@pytest.mark.parametrize("transform", [torch.func.grad, torch.func.vmap], ids=["grad", "vmap"])
def test_traced_assignment(make, transform):
    v = make(np.float32(1))

    def leak(x):
        v.assign(x)
        return x * 1.0

    with pytest.raises(TracedAssignment, match="functionalize"):
        transform(leak)(torch.tensor(2.0) if transform is torch.func.grad else torch.ones(3))
    assert float(v) == 1.0


@requirement("NA-10")
def test_pickled_variable_is_trained_again(make):
    v = pickle.loads(pickle.dumps(make(np.ones(3, "float32"))))
    torch.sum(v * v).backward()
    torch.testing.assert_close(v.native.grad, torch.full((3,), 2.0))
