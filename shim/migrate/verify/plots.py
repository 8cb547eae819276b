"""Plots of a comparison, as SVG that stands in a page: curves of the losses, differences by layer and by step."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from onevar.migrate.verify.report import DIFFERS, EQUAL, KINDS, Report, Row
from onevar.migrate.verify.report_text import TITLES

WIDTH = 880
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 12, 38
#: What a logarithm shows for no difference at all.
FLOOR = 1e-9
_BARS = 60
_COLORS = {
    "layers": "var(--c1)", "outputs": "var(--c2)", "losses": "var(--c3)", "gradients": "var(--c4)",
    "weights": "var(--c5)",
    "slots": "var(--c6)",
}  # fmt: skip


@dataclass(frozen=True)
class Axis:
    """Maps values to places.

    Attributes:
        low: The smallest value.
        high: The largest.
        start: Where the smallest is.
        end: Where the largest is.
        logarithmic: Whether it is their logarithms that are spaced evenly.
    """

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def __call__(self, value: float) -> float:
        """Return where a value is."""
        low, high = self.low, self.high
        if self.logarithmic:
            value, low, high = math.log10(max(value, FLOOR)), math.log10(low), math.log10(high)
        if high <= low:
            return (self.start + self.end) / 2
        share = min(max((value - low) / (high - low), 0.0), 1.0)
        return round(self.start + share * (self.end - self.start), 2)

    def ticks(self) -> list[float]:
        """Return round values along it."""
        if self.logarithmic:
            first, last = round(math.log10(self.low)), round(math.log10(self.high))
            step = max((last - first) // 5, 1)
            return [10.0**power for power in range(first, last + 1, step)]
        span = self.high - self.low
        if span <= 0:
            return [self.low]
        step = 10 ** math.floor(math.log10(span / 4))
        step *= next(factor for factor in (1, 2, 5, 10) if span / (step * factor) <= 5)
        first = math.ceil(self.low / step)
        return [round(index * step, 12) for index in range(first, math.floor(self.high / step + 1e-9) + 1)]


def losses(report: Report) -> str:
    """Return both loss curves; empty without two steps of training."""
    points = [(step, old, new) for step, old, new in report.losses if math.isfinite(old) and math.isfinite(new)]
    if len(points) < 2:
        return ""
    height = 240
    steps = [step for step, _, _ in points]
    values = [value for _, old, new in points for value in (old, new)]
    pad = 0.06 * ((max(values) - min(values)) or abs(values[0]) or 1.0)
    x = Axis(min(steps), max(steps), _LEFT, WIDTH - _RIGHT)
    y = Axis(min(values) - pad, max(values) + pad, height - _BOTTOM, _TOP)
    old = _line([(x(s), y(o)) for s, o, _ in points], "curve old")
    new = _line([(x(s), y(n)) for s, _, n in points], "curve new")
    dots = [_dot(x(s), y(n), "new", f"step {s}: old {o:.6g}, new {n:.6g}") for s, o, n in points]
    return _svg(height, [_grid(x, y, height, "step"), old, new, *dots], "Loss by training step, old and new")


def steps(report: Report) -> str:
    """Return the largest difference of each kind by step; empty without two steps."""
    kinds = [kind for kind in KINDS if kind in _COLORS]
    series: dict[str, list[tuple[int, float]]] = {}
    for kind in kinds:
        by_step: dict[int, float] = {}
        for row in report.rows:
            if row.kind == kind and row.step and row.verdict in (EQUAL, DIFFERS):
                by_step[row.step] = max(by_step.get(row.step, 0.0), _finite(row.difference))
        if len(by_step) > 1:
            series[kind] = sorted(by_step.items())
    if not series:
        return ""
    height = 240
    everything = [step for points in series.values() for step, _ in points]
    x = Axis(min(everything), max(everything), _LEFT, WIDTH - _RIGHT)
    y = _differences([value for points in series.values() for _, value in points], height)
    parts = [_grid(x, y, height, "step"), *_limit(report, y)]
    for kind, points in series.items():
        style = f'style="stroke:{_COLORS[kind]}"'
        parts.append(_line([(x(s), y(v)) for s, v in points], "curve", style))
        parts += [
            _dot(x(s), y(v), "", f"{TITLES[kind]}, step {s}: {v:.2g}", f'style="fill:{_COLORS[kind]}"')
            for s, v in points
        ]
    return _svg(height, parts, "Largest difference by step, for each kind of value")


def legend(report: Report) -> list[tuple[str, str]]:
    """Return the colours of what `steps` shows, with names."""
    return [
        (_COLORS[kind], TITLES[kind]) for kind in KINDS if kind in _COLORS and any(r.kind == kind for r in report.rows)
    ]


def layers(report: Report) -> str:
    """Return a bar for each layer of the first run that has some, in order; empty without layers."""
    rows = _first_layers(report)
    if not rows:
        return ""
    height = 260
    y = _differences([_finite(row.difference) for row in rows], height)
    width = (WIDTH - _LEFT - _RIGHT) / len(rows)
    x = Axis(0, len(rows), _LEFT, WIDTH - _RIGHT)
    parts = [_grid(None, y, height, f"{len(rows)} layers of {rows[0].place}, in the order of computation")]
    for index, row in enumerate(rows):
        top, name = y(_finite(row.difference)), row.old if row.old == row.new else f"{row.old} / {row.new}"
        kind = "bar bad" if row.verdict == DIFFERS else "bar"
        tall = max(y.start - top, 1.5)
        parts.append(
            f'<rect class="{kind}" x="{x(index) + 0.1 * width:.2f}" y="{y.start - tall:.2f}" width="{0.8 * width:.2f}" '
            f'height="{tall:.2f}"><title>{escape(name)}: {row.difference:.2g}, {row.verdict}</title></rect>'
        )
    return _svg(height, [*parts, *_limit(report, y)], "Difference by layer")


def _first_layers(report: Report) -> list[Row]:
    """Return the layers of the run with the first difference, or of the first run; if many, those around it."""
    first = report.first
    place = first.place if first is not None and first.kind == "layers" else None
    place = place or next((row.place for row in report.rows if row.kind == "layers"), None)
    rows = [row for row in report.rows if row.kind == "layers" and row.place == place]
    if len(rows) <= _BARS:
        return rows
    at = next((i for i, row in enumerate(rows) if row.verdict == DIFFERS), 0)
    start = min(max(at - _BARS // 3, 0), len(rows) - _BARS)
    return rows[start : start + _BARS]


def _finite(value: float) -> float:
    return value if math.isfinite(value) else 10.0


def _differences(values: Sequence[float], height: int) -> Axis:
    high = 10.0 ** math.ceil(math.log10(max(*values, 1e-3)))
    return Axis(FLOOR, high, height - _BOTTOM, _TOP, logarithmic=True)


def _limit(report: Report, y: Axis) -> list[str]:
    at = y(report.tolerance)
    return [
        f'<line class="limit" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{at}" y2="{at}"/>',
        f'<text class="limit" x="{WIDTH - _RIGHT - 4}" y="{at - 5}" text-anchor="end">'
        f"tolerance {report.tolerance:g}</text>",
    ]


def _line(points: Iterable[tuple[float, float]], kind: str, style: str = "") -> str:
    path = " ".join(f"{x},{y}" for x, y in points)
    return f'<polyline class="{kind}" points="{path}" {style}/>'


def _dot(x: float, y: float, kind: str, title: str, style: str = "") -> str:
    return f'<circle class="dot-mark {kind}" cx="{x}" cy="{y}" r="3.2" {style}><title>{escape(title)}</title></circle>'


def _grid(x: Axis | None, y: Axis, height: int, label: str) -> str:
    parts = []
    for tick in y.ticks():
        at = y(tick)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{at}" y2="{at}"/>')
        text = f"{tick:.0e}" if y.logarithmic else f"{tick:g}"
        parts.append(f'<text class="tick" x="{_LEFT - 8}" y="{at + 4}" text-anchor="end">{text}</text>')
    for tick in x.ticks() if x is not None else ():
        if tick == int(tick):
            parts.append(f'<text class="tick" x="{x(tick)}" y="{height - 20}" text-anchor="middle">{int(tick)}</text>')  # type: ignore[misc]
    anchor = f'x="{WIDTH - _RIGHT}" text-anchor="end"' if x is not None else f'x="{_LEFT}"'
    offset = height - 2 if x is not None else height - 10
    parts.append(f'<text class="tick" {anchor} y="{offset}">{escape(label)}</text>')
    return "".join(parts)


def _svg(height: int, parts: Iterable[str], title: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label={quoteattr(title)} '
        'preserveAspectRatio="xMidYMid meet">'
        f"{''.join(parts)}</svg>"
    )
