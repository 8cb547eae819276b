"""A framework's own differentiation of an op's definition gives TensorFlow's gradients, at kinks and ties too."""

import numpy as np
import pytest
from golden.gradient_cases import CASES
from golden.recordings import every
from kernel_calls import all_attrs, computing

from onevar.core import registry
from onevar.core.kernel import kernel_of

RECORDED = every("op_gradients")


def differentiable(one):
    host = kernel_of(one.type).host_index
    return [i for i, x in enumerate(one.inputs) if i not in host and x.dtype == np.float32]


def first_output(k, one, chosen, array):
    """The first output, with the differentiable inputs taken from `chosen`."""
    entry, attrs = kernel_of(one.type), all_attrs(one.type, one.inputs, one.attrs)
    given = dict(zip(differentiable(one), chosen, strict=True))
    host = entry.host_index
    inputs = [given[i] if i in given else x if i in host else array(x) for i, x in enumerate(one.inputs)]
    with computing(k.name):
        result = entry.fn(k, *inputs, **{name: attrs[name] for name in entry.attrs})
    return result[0] if isinstance(result, tuple) else result


def weights(shape):
    return np.arange(1, np.prod(shape, dtype=int) + 1, dtype=np.float32).reshape(shape)


def compare(one, found):
    for ours, theirs in zip(found, RECORDED[one.name], strict=True):
        np.testing.assert_allclose(ours, np.array(theirs, np.float32), rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("one", CASES, ids=lambda one: one.name)
def test_jax(one):
    jax = pytest.importorskip("jax")
    k = registry.adapter("jax").k

    def loss(chosen):
        output = first_output(k, one, chosen, jax.numpy.asarray)
        return (output * weights(output.shape)).sum()

    compare(one, jax.grad(loss)([jax.numpy.asarray(one.inputs[i]) for i in differentiable(one)]))


@pytest.mark.parametrize("one", CASES, ids=lambda one: one.name)
def test_torch(one):
    torch = pytest.importorskip("torch")
    chosen = [torch.tensor(one.inputs[i], requires_grad=True) for i in differentiable(one)]
    output = first_output(registry.adapter("torch").k, one, chosen, torch.tensor)
    if output.requires_grad:
        (output * torch.tensor(weights(output.shape))).sum().backward()
    compare(one, [np.zeros(x.shape) if x.grad is None else x.grad.numpy() for x in chosen])
