"""Pictures for the report: small images as PNG, curves as SVG, both to be put into the page itself."""

import base64
import io

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

COLOURS = {
    "TensorFlow itself": "#1d2430", "numpy": "#4d77cf", "torch": "#e4572e", "jax": "#7b3fa0", "tensorflow": "#e8950c",
}  # fmt: skip
_STYLE = {
    "font.family": "sans-serif", "font.size": 10, "svg.fonttype": "none", "axes.spines.top": False,
    "axes.spines.right": False, "axes.edgecolor": "#9aa3b0", "axes.labelcolor": "#4a5361", "xtick.color": "#4a5361",
    "ytick.color": "#4a5361", "axes.grid": True, "grid.color": "#e8ebef", "axes.axisbelow": True,
}  # fmt: skip


def png(image: np.ndarray, *, colours: str = "gray_r", limit: float = 1.0, signed: bool = False) -> str:
    """Return an image as a `data:` address.

    Args:
        image: `(rows, columns)`, in [0, limit], or [-limit, limit] if `signed`.
        colours: Name of a matplotlib colour map.
        limit: What the darkest colour stands for.
        signed: Whether 0 is the middle of the colour map.
    """
    out = io.BytesIO()
    plt.imsave(out, image, cmap=colours, vmin=-limit if signed else 0.0, vmax=limit, format="png")
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


def curves(losses: dict[str, np.ndarray]) -> str:
    """Return an SVG: the loss of each framework over the steps, and how far each is from the first."""
    with plt.rc_context(_STYLE):
        figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.4), layout="constrained")
        widths = iter((7.0, 5.0, 3.0, 1.2))  # they lie on one another; the widths let all of them be seen
        for name, values in losses.items():
            left.plot(_smooth(values), color=COLOURS.get(name), linewidth=next(widths, 1.2), label=name)
        left.set(yscale="log", xlabel="step", ylabel="loss (mean of 20 steps)", title="Loss")
        left.legend(frameon=False)
        _differences(right, losses)
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None})
        plt.close(figure)
    return out.getvalue()[out.getvalue().index("<svg") :]


def _differences(axes: plt.Axes, losses: dict[str, np.ndarray]) -> None:
    first, *others = losses
    spacing = np.finfo(np.float32).eps * losses[first].max()
    axes.axhline(spacing, color="#9aa3b0", linewidth=1, linestyle="--")
    axes.text(0, spacing * 1.25, "one step of float32 at the first loss", color="#4a5361", fontsize=8)
    for name in others:
        apart = np.abs(losses[name] - losses[first])
        axes.plot(np.maximum(apart, 1e-10), ".", color=COLOURS.get(name), markersize=2.5, label=name)
    furthest = max((float(np.abs(losses[name] - losses[first]).max()) for name in others), default=0.0)
    axes.set(yscale="log", ylim=(1e-10, max(1e-5, 4 * furthest)), xlabel="step", ylabel="difference")
    axes.set_title(f"Loss: difference to {first}")
    if others:
        axes.legend(frameon=False, markerscale=4, loc="lower left", ncols=len(others))


def _smooth(values: np.ndarray) -> np.ndarray:
    return np.convolve(values, np.full(20, 1 / 20), mode="valid")
