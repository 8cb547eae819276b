"""For those who mix frameworks: one piece of state, read by several of them, with nothing copied.

Run it as it is. It uses what is installed of torch and jax, and says what it leaves out.
"""

import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import numpy as np

import onevar
from onevar.core.registry import installed
from onevar.errors import CopyRequired


def main() -> None:
    """Show sharing, snapshots, and refusals; then training in torch while JAX reads."""
    here = installed()
    print("installed:", ", ".join(here))
    sharing(next((name for name in ("jax", "torch", "tensorflow") if name in here), "numpy"))
    snapshots()
    refusals(here)
    if {"torch", "jax"} <= set(here):
        train_in_torch_read_in_jax()
    else:
        print("skipped: training in torch while JAX reads needs torch and jax")


def sharing(other: str) -> None:
    """State held in NumPy, read by another framework over the same memory."""
    v = onevar.Variable([[1.0, 2.0], [3.0, 4.0]], backend="numpy", name="v")
    print(onevar.explain(v, other))
    shared = v.share(other)
    print(f"{type(shared).__name__}, and back in NumPy at the same address:", address(shared) == address(v.value))


def address(x: object) -> int:
    """Return where a tensor's first element lies."""
    return onevar.share(x, "numpy").__array_interface__["data"][0]


def snapshots() -> None:
    """What was exported never changes; with nobody looking, a write stays in place."""
    v = onevar.Variable(np.zeros(3, np.float32), backend="numpy")
    exported = onevar.share(v, "numpy")
    v.assign_add([1.0, 1.0, 1.0])
    print("exported before the write:", exported, " the Variable now:", v.numpy())
    before = address(v.value)
    v.assign_add([1.0, 1.0, 1.0])
    print("no export was alive, so the second write stayed in place:", address(v.value) == before)


def refusals(here: tuple[str, ...]) -> None:
    """What cannot be shared is refused with the reason and the cure, never copied in silence."""
    target = next((name for name in ("jax", "tensorflow", "torch") if name in here), None)
    if target is None:
        print("skipped: a refusal needs jax, tensorflow or torch")
        return
    backwards = np.arange(6.0, dtype=np.float32)[::-2]
    print(onevar.explain(backwards, target))
    try:
        onevar.share(backwards, target)
    except CopyRequired as error:
        print(f"CopyRequired: {error}")
    print("onevar.copy:", onevar.copy(backwards, target))


def train_in_torch_read_in_jax() -> None:
    """torch's optimizer trains the weights; JAX evaluates with the same memory after each step."""
    import jax
    import jax.numpy as jnp
    import torch

    rng = np.random.default_rng(0)
    x = torch.tensor(rng.normal(size=(64, 3)), dtype=torch.float32)  # memory of torch's own: aligned as JAX wants it
    y = x @ torch.tensor([1.0, -2.0, 0.5])
    w = onevar.Variable("zeros", (3,), backend="torch", device="cpu", name="w")
    optimizer = torch.optim.Adam([w.native], lr=0.1)  # w.native is a torch.nn.Parameter

    # Three borders, and none copies. The optimizer's writes do not pass through onevar, so what JAX got
    # before a step is not used after it: each evaluation shares anew, which costs microseconds.
    inputs, targets = onevar.share(x, "jax"), onevar.share(y, "jax")
    evaluate = jax.jit(lambda weights: jnp.mean((inputs @ weights - targets) ** 2))
    for step in range(60):
        optimizer.zero_grad()
        ((x @ w - y) ** 2).mean().backward()
        optimizer.step()
        if step % 20 == 19:
            print(f"step {step + 1}: loss as JAX sees it {evaluate(w.share('jax')):.4f}")
    print("weights:", w.numpy().round(2), " same memory in JAX:", address(w.share("jax")) == w.native.data_ptr())


if __name__ == "__main__":
    main()
