"""A chart of points with error bars, and a table below it, as one SVG file.

Made for accuracy against seconds. All text is escaped; nothing is loaded from elsewhere. Knows
nothing of evaluations.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, PLOT_HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 340, 64, 24, 48, 56
ROW = 22
COLOURS = ("#0f766e", "#b45309", "#6d28d9", "#be123c", "#1d4ed8", "#4d7c0f", "#475569", "#a21caf")
NAME_CHARS = 40
"""Of a name beside its point."""
STEPS = (1, 2, 5)
"""Of a scale of seconds, in each power of ten."""


@dataclass(frozen=True)
class Dot:
    """One point."""

    name: str
    seconds: float
    share: float
    """0 to 1."""
    low: float
    high: float


def chart(
    title: str, dots: Sequence[Dot], head: Sequence[str], rows: Sequence[Sequence[str]]
) -> str:
    """The SVG text.

    Args:
        title: What stands above.
        dots: The points, in the order of the rows.
        head: Names of the table's columns; the first is beside a dot.
        rows: One for each point.
    """
    height = TOP + PLOT_HEIGHT + BOTTOM + ROW * (len(rows) + 2)
    scale = _Scale.over([d.seconds for d in dots])
    body = [_text(LEFT, 26, title, "t"), *_axes(scale), *_dots(scale, dots), *_table(head, rows)]
    return "\n".join((
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<title>{escape(title)}</title><style>text{{font:13px system-ui,sans-serif;fill:#1e293b}}"
        ".t{font-size:17px;font-weight:600}.h{font-weight:600}.e{text-anchor:end}"
        ".m{text-anchor:middle}line{stroke:#cbd5e1}</style>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>', *body, "</svg>\n",
    ))  # fmt: skip


@dataclass(frozen=True)
class _Scale:
    """Seconds to the right, each factor the same distance; shares upwards."""

    low: float
    high: float

    @classmethod
    def over(cls, seconds: Sequence[float]) -> _Scale:
        """A scale from the step below the least to the step above the most."""
        known = [max(s, 0.001) for s in seconds] or [1.0]
        steps = [k * 10.0**n for n in range(-4, 7) for k in STEPS]
        low = max(s for s in steps if s < min(known))
        return cls(low, min(s for s in steps if s > max(known)))

    def ticks(self) -> list[float]:
        """The steps that are written out."""
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        found = [k * 10.0**n for n in range(first, last + 1) for k in STEPS]
        return [s for s in found if self.low * 0.999 <= s <= self.high * 1.001]

    def x(self, seconds: float) -> float:
        share = math.log(max(seconds, self.low) / self.low) / math.log(self.high / self.low)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, share: float) -> float:
        return TOP + (1 - share) * PLOT_HEIGHT


def _axes(scale: _Scale) -> Iterator[str]:
    for percent in range(0, 101, 20):
        y = scale.y(percent / 100)
        yield _line(LEFT, y, WIDTH - RIGHT, y)
        yield _text(LEFT - 8, y + 4, f"{percent} %", "e")
    for seconds in scale.ticks():
        x = scale.x(seconds)
        yield _line(x, TOP, x, TOP + PLOT_HEIGHT)
        yield _text(x, TOP + PLOT_HEIGHT + 18, f"{seconds:g}", "m")
    middle = (LEFT + WIDTH - RIGHT) / 2
    yield _text(middle, TOP + PLOT_HEIGHT + 40, "seconds for a question, in the median", "m")


def _dots(scale: _Scale, dots: Sequence[Dot]) -> Iterator[str]:
    for number, dot in enumerate(dots):
        x, colour = scale.x(dot.seconds), _colour(number)
        ends = scale.y(dot.low), scale.y(dot.high)
        yield _line(x, *(ends[0], x, ends[1]), style=f"stroke:{colour};stroke-width:2")
        for y in ends:
            yield _line(x - 5, y, x + 5, y, style=f"stroke:{colour};stroke-width:2")
        yield f'<circle cx="{x:.1f}" cy="{scale.y(dot.share):.1f}" r="6" fill="{colour}"/>'
        side, anchor = (10, "n") if x < WIDTH / 2 else (-10, "e")
        yield _text(x + side, scale.y(dot.share) - 8, dot.name[:NAME_CHARS], anchor)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    wide = [max(len(r[n]) for r in (head, *rows)) + 3 for n in range(len(head))]
    room = (WIDTH - LEFT - RIGHT) / max(1, sum(wide))
    for at, row in enumerate((head, *rows)):
        y, x = TOP + PLOT_HEIGHT + BOTTOM + ROW * (at + 1), float(LEFT)
        if at:
            yield f'<circle cx="{LEFT - 14}" cy="{y - 4}" r="5" fill="{_colour(at - 1)}"/>'
        for cell, columns in zip(row, wide, strict=True):
            yield _text(x, y, cell, "n" if at else "h")
            x += columns * room


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]


def _line(x1: float, y1: float, x2: float, y2: float, style: str = "") -> str:
    more = f' style="{style}"' if style else ""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"{more}/>'


def _text(x: float, y: float, said: str, kind: str) -> str:
    plain = "".join(c if c.isprintable() else " " for c in said)
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}">{escape(plain)}</text>'
