"""TensorFlow's samplers that take as many random numbers as they need, on torch: NumPy makes them, on every device.

Each takes what `onevar.adapters.samplers`'s function of that name takes.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

from onevar.adapters import samplers as host
from onevar.adapters.philox import Pair


def philox_permutation(key: Pair, high: Pair, counter: int, size: int) -> torch.Tensor:
    """Return which element comes where when TensorFlow shuffles."""
    return _placed(host.philox_permutation(key, high, counter, size))


def philox_multinomial(key: Pair, high: Pair, counter: int, logits: torch.Tensor, samples: int) -> torch.Tensor:
    """Return classes drawn by unnormalised log-probabilities."""
    return _placed(host.philox_multinomial(key, high, counter, _array(logits), samples)).to(logits.device)


def philox_poisson(key: Pair, high: Pair, counter: int, rate: torch.Tensor, samples: int, dtype: str) -> torch.Tensor:
    """Return Poisson-distributed numbers."""
    made = host.philox_poisson(key, high, counter, _array(rate), samples, "float64")
    return _placed(_whole(made, dtype)).to(rate.device, getattr(torch, dtype))


def _whole(numbers: np.ndarray, dtype: str) -> np.ndarray:
    return np.nan_to_num(numbers) if dtype in ("int32", "int64") else numbers


class _Gamma(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, alpha: torch.Tensor, where: tuple[Pair, Pair, int], samples: int) -> torch.Tensor:
        made = _placed(host.philox_gamma(*where, _array(alpha), samples)).to(alpha)
        ctx.save_for_backward(alpha, made)
        return made

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        # torch's own derivative of gamma samples has three or four digits.
        alpha, made = ctx.saved_tensors
        slope = host.gamma_derivative(np.broadcast_to(_array(alpha), made.shape), _array(made))
        return (gradients[0] * _placed(slope).to(made)).sum(0), None, None


def philox_gamma(key: Pair, high: Pair, counter: int, alpha: torch.Tensor, samples: int) -> torch.Tensor:
    """Return gamma-distributed numbers; they have a derivative for `alpha`."""
    return _Gamma.apply(alpha, (key, high, counter), samples)


def _array(x: torch.Tensor) -> np.ndarray:
    return x.detach().to("cpu", torch.float64).numpy()


def _placed(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(array)).to(torch.get_default_device())


#: The primitives, by their names in `onevar.adapters.primitives`.
TABLE: Mapping[str, Callable] = {
    "philox_gamma": philox_gamma,
    "philox_multinomial": philox_multinomial,
    "philox_permutation": philox_permutation,
    "philox_poisson": philox_poisson,
}
