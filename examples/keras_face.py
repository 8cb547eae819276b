"""For those who know keras.Variable: the same face, on each framework, as a citizen of it.

Run it as it is. It uses what is installed of jax, torch and tensorflow, and says what it leaves out.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import numpy as np

import onevar
from onevar.core.registry import installed

X = np.random.default_rng(0).normal(size=(32, 4)).astype(np.float32)
Y = X @ np.array([[1.0], [2.0], [-1.0], [0.5]], np.float32)


def main() -> None:
    """Show the face, then a training step in each framework's own manner."""
    face()
    for backend, train in (("jax", with_jax), ("torch", with_torch), ("tensorflow", with_tensorflow)):
        if backend in installed():
            print(f"{backend}: weights {train().numpy().ravel().round(2)}")
        else:
            print(f"skipped: {backend} is not installed")


def face() -> None:
    """The names, arguments and errors of keras.Variable."""
    with onevar.name_scope("dense"):
        kernel = onevar.Variable("glorot_uniform", shape=(4, 1), name="kernel", backend="numpy")
    print(kernel.path, kernel.shape, kernel.dtype, kernel.trainable)
    with onevar.AutocastScope("float16"):
        print("under AutocastScope:", kernel.dtype, (kernel * 2.0).dtype)
    with onevar.StatelessScope() as scope:
        kernel.assign(np.ones((4, 1)))
        print("inside a StatelessScope:", kernel.value.ravel())
    print(
        "collected, not written:",
        scope.get_current_value(kernel).ravel(),
        "; outside:",
        kernel.numpy().ravel().round(2),
    )


def weights(backend: str) -> onevar.Variable:
    """Return the weights to train, all zeros."""
    return onevar.Variable("zeros", shape=(4, 1), name="w", backend=backend, device="cpu")


def with_jax() -> onevar.Variable:
    """A step over Variables, made pure by `functionalize`, differentiated and compiled by JAX."""
    import jax

    w = weights("jax")
    steps = onevar.Variable(0, name="steps", trainable=False, backend="jax", device="cpu")

    def loss() -> jax.Array:
        steps.assign_add(1)
        return ((X @ w - Y) ** 2).mean()

    pure = onevar.functionalize(loss, [w, steps])

    @jax.jit
    def step(w_value: jax.Array, count: jax.Array) -> tuple[jax.Array, jax.Array]:
        gradient, new = jax.grad(lambda value: pure([value, count]), has_aux=True)(w_value)
        return w_value - 0.1 * gradient, new[1]

    for _ in range(100):
        new_w, new_steps = step(w.value, steps.value)
        w.assign(new_w)
        steps.assign(new_steps)
    print("jax: steps counted inside jit:", int(steps))
    return w


def with_torch() -> onevar.Variable:
    """`w.native` is a torch.nn.Parameter: torch's optimizers and modules take it."""
    import torch

    w = weights("torch")
    x, y = torch.from_numpy(X), torch.from_numpy(Y)
    optimizer = torch.optim.SGD([w.native], lr=0.1)
    for _ in range(100):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(torch.matmul(x, w), y).backward()
        optimizer.step()
    return w


def with_tensorflow() -> onevar.Variable:
    """`w.native` is a tf.Variable: tapes watch it, and functions of TensorFlow take `w` itself."""
    import tensorflow as tf

    w = weights("tensorflow")
    for _ in range(100):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((tf.matmul(X, w) - Y) ** 2)
        w.assign_sub(0.1 * tape.gradient(loss, w.native))
    return w


if __name__ == "__main__":
    main()
