"""Charts as inline SVG. They take their colours from the page, so that they follow its light or dark
scheme.
"""

from __future__ import annotations

from html import escape
from typing import NamedTuple, Sequence

WIDTH = 720
HEIGHT = 180
LEFT = 52
BOTTOM = 24
TOP = 10


class Series(NamedTuple):
    name: str
    css_class: str
    values: Sequence[float | None]


def bars(labels: Sequence[str], series: Sequence[Series], title: str) -> str:
    """Return stacked bars, one for each label; the first series is at the bottom."""
    totals = [sum(one.values[index] or 0 for one in series) for index in range(len(labels))]
    top = _ceiling(max(totals, default=0))
    drawn = _frame(labels, top)
    step = (WIDTH - LEFT) / max(len(labels), 1)
    for index, label in enumerate(labels):
        y = float(HEIGHT - BOTTOM)
        tip = [label]
        for one in series:
            value = one.values[index] or 0
            tip.append(f"{one.name}: {value:,.0f}")
            height = value / top * (HEIGHT - BOTTOM - TOP)
            if height:
                y -= height
                drawn.append(
                    f'<rect class="{one.css_class}" x="{LEFT + index * step + step * 0.1:.1f}" y="{y:.1f}"'
                    f' width="{step * 0.8:.1f}" height="{height:.1f}"/>'
                )
        drawn.append(_tip(index, step, tip))
    return _svg(drawn, title)


def line(labels: Sequence[str], one: Series, title: str) -> str:
    """Return a line with a gap where there is no value."""
    top = _ceiling(max((value for value in one.values if value is not None), default=0))
    drawn = _frame(labels, top)
    step = (WIDTH - LEFT) / max(len(labels), 1)
    path: list[str] = []
    pen = "M"
    for index, value in enumerate(one.values):
        if value is None:
            pen = "M"
            continue
        x = LEFT + (index + 0.5) * step
        y = HEIGHT - BOTTOM - value / top * (HEIGHT - BOTTOM - TOP)
        path.append(f"{pen}{x:.1f} {y:.1f}")
        drawn.append(f'<circle class="{one.css_class} dot" cx="{x:.1f}" cy="{y:.1f}" r="2"/>')
        pen = "L"
    drawn.append(f'<path class="{one.css_class} line" d="{" ".join(path)}"/>')
    for index, label in enumerate(labels):
        value = one.values[index]
        drawn.append(_tip(index, step, [label, "-" if value is None else f"{one.name}: {value:,.0f}"]))
    return _svg(drawn, title)


def _frame(labels: Sequence[str], top: float) -> list[str]:
    drawn = []
    for share in (0, 0.5, 1):
        y = HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)
        drawn.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>')
        drawn.append(
            f'<text class="axis" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">'
            f"{_short(top * share)}</text>"
        )
    step = (WIDTH - LEFT) / max(len(labels), 1)
    every = max(1, -(-len(labels) // 8))
    for index in range(0, len(labels), every):
        x = LEFT + (index + 0.5) * step
        anchor = "start" if not index else "end" if x > WIDTH - 40 else "middle"
        drawn.append(
            f'<text class="axis" x="{min(x, WIDTH) if index else LEFT:.1f}" y="{HEIGHT - 6}"'
            f' text-anchor="{anchor}">'
            f"{escape(labels[index])}</text>"
        )
    return drawn


def _tip(index: int, step: float, lines: list[str]) -> str:
    """An unseen column over the hour that shows its figures under the pointer."""
    return (
        f'<rect class="tip" x="{LEFT + index * step:.1f}" y="0" width="{step:.1f}"'
        f' height="{HEIGHT - BOTTOM}">'
        f"<title>{escape(chr(10).join(lines))}</title></rect>"
    )


def _svg(drawn: list[str], title: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
        + "".join(drawn)
        + "</svg>"
    )


def _ceiling(value: float) -> float:
    """Return the next round number at or above the value: 1, 2 or 5 times a power of ten."""
    unit = 1.0
    while True:
        for step in (1, 2, 5):
            if value <= step * unit:
                return step * unit
        unit *= 10


def _short(value: float) -> str:
    if value >= 1_000_000:
        return f"{value / 1_000_000:g}M"
    return f"{value / 1000:g}k" if value >= 1000 else f"{value:g}"
