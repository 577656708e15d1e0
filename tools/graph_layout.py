"""Where everything stands in the picture of the tool graph.

Columns from left to right: what is given, the tools that need nothing else, what they make, the
tools that need that, and so on. A class that an earlier column made stands again where it is
needed, so every line joins neighbours and none passes behind a box. An abstract class is a frame
around the classes that fit it. Optional inputs are said in a tool's box, not drawn.

Knows nothing of SVG. Sizes and places are pixels of the picture.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tools.catalog import Catalog, ToolSpec
from tools.graph_search import passes_on
from tools.types import ARTEFACTS, Image

NAME_PX, SMALL_PX = 15.0, 12.0
"""Font sizes of names and of all else."""
EM = 0.64
"""Width of a letter in font sizes; generous, since the viewer's font is not known."""
WRAP = 34
"""Letters in a line of a tool's box."""
GAP_Y, GAP_X, PAD = 14.0, 64.0, 10.0
GAP_LINE = 4.0
"""What each line adds to the gap it crosses."""
LINE = 1.35
"""Height of a line in font sizes."""
GIVEN: tuple[type, ...] = (Image,)
"""What a person brings, besides what no tool makes."""


@dataclass(eq=False)
class Box:
    """A tool, a class, or a frame of classes."""

    key: str
    """Name of the tool or of the class."""
    title: str
    lines: tuple[str, ...] = ()
    """Below the title."""
    inside: list[Box] = field(default_factory=list)
    """The classes in a frame."""
    tool: ToolSpec | None = None
    ready: bool = True
    x: float = 0.0
    y: float = 0.0
    width: float = 0.0
    height: float = 0.0

    @property
    def middle(self) -> float:
        """Y of the centre."""
        return self.y + self.height / 2

    def shift(self, dx: float, dy: float) -> None:
        """Move it with what is in it."""
        self.x, self.y = self.x + dx, self.y + dy
        for box in self.inside:
            box.shift(dx, dy)


@dataclass(frozen=True)
class Layout:
    """The placed picture."""

    columns: tuple[tuple[Box, ...], ...]
    """Classes, tools, classes, tools … from left to right."""
    lines: tuple[tuple[Box, Box], ...]
    """From, to."""
    width: float
    height: float

    @property
    def boxes(self) -> list[Box]:
        """Every box, frames before what is in them."""
        return [b for column in self.columns for box in column for b in (box, *box.inside)]


def lay_out(catalog: Catalog, why_not: Callable[[ToolSpec], str]) -> Layout:
    """Place every tool of a catalogue and the classes between them."""
    stages = _stages(list(catalog.tools.values()))
    classes = [_classes(given_by, needed) for given_by, needed in zip(
        [[], *stages], [*stages, []], strict=True)]  # fmt: skip
    tools = [[_tool_box(spec, why_not(spec)) for spec in stage] for stage in stages]
    columns: list[list[Box]] = [classes[0]]
    for stage, results in zip(tools, classes[1:], strict=True):
        columns += [stage, results]
    lines = _lines(columns)
    width, height = _place(columns, lines)
    return Layout(tuple(map(tuple, columns)), tuple(lines), width, height)


def word(kind: type) -> str:
    """A class of artefacts in a word for people."""
    if kind is Image:
        return "picture"
    return str(kind.KIND) if kind in ARTEFACTS else f"any {kind.__name__.lower()} thing"


def _needs(spec: ToolSpec) -> list[type]:
    return list(dict.fromkeys(p.type for p in spec.params.values() if p.is_artefact and p.required))


def _stages(tools: list[ToolSpec]) -> list[list[ToolSpec]]:
    """The tools in the order in which their needs can be met, each stage ordered by result."""
    made = {s.returns for s in tools if passes_on(s) is None}
    needed = {n for s in tools for n in _needs(s)}
    known = {*GIVEN, *(n for n in needed if not any(issubclass(k, n) for k in made))}
    stages: list[list[ToolSpec]] = []
    left = tools
    while left:
        now = [s for s in left if all(any(issubclass(k, n) for k in known) for n in _needs(s))]
        if not now:  # tools that wait for one another
            known |= {n for s in left for n in _needs(s)}
            continue
        stages.append(sorted(now, key=lambda s: (_rank(s.returns), s.effect == "edit", s.name)))
        known |= {s.returns for s in now if passes_on(s) is None}
        left = [s for s in left if s not in now]
    return stages


def _rank(kind: type) -> tuple[int, str]:
    """Placed things first, pictures last: a class stands next to the frame it belongs to."""
    abstract = [base for base in kind.__mro__[1:] if base.__name__ == "Placed"]
    return (0 if abstract or kind not in ARTEFACTS else 2 if kind is Image else 1, kind.__name__)


def _classes(made_by: Sequence[ToolSpec], needed_by: Sequence[ToolSpec]) -> list[Box]:
    """The column between two stages: what the left one makes and the right one needs."""
    made = dict.fromkeys(s.returns for s in made_by)
    needed = dict.fromkeys(n for s in needed_by for n in _needs(s))
    kinds = sorted({**made, **needed}, key=_rank)
    frames = [k for k in kinds if k in needed and k not in ARTEFACTS]
    column, framed = [], set[type]()
    for frame in frames:
        inside = [k for k in kinds if k is not frame and issubclass(k, frame) and k not in framed]
        framed |= {*inside, frame}
        column.append(_frame_box(frame, [_class_box(k) for k in inside]))
    return column + [_class_box(k) for k in kinds if k not in framed]


def _class_box(kind: type) -> Box:
    title = word(kind)
    width, height = _text_size([(title, NAME_PX)])
    return Box(kind.__name__, title, width=width + height, height=height)


def _frame_box(kind: type, inside: list[Box]) -> Box:
    title = word(kind)
    head, height = _text_size([(title, NAME_PX)])
    width = max([head + 2 * PAD, *(b.width + 2 * PAD for b in inside)])
    for box in inside:
        box.x, box.y = (width - box.width) / 2, height
        height += box.height + GAP_Y
    return Box(kind.__name__, title, inside=inside, width=width, height=height)


def _tool_box(spec: ToolSpec, reason: str) -> Box:
    shown = [p for p in spec.params.values() if p.is_artefact or p.required]
    takes = ", ".join(p.name if p.required else f"{p.name}?" for p in shown)
    lines = textwrap.wrap(takes, WRAP) or ["takes nothing"]
    if reason:
        lines += textwrap.wrap(f"✕ not ready: {reason}", WRAP, max_lines=3, placeholder=" …")
    tag = "   ✎ edit" if spec.effect == "edit" else ""
    width, height = _text_size([(spec.name + tag, NAME_PX), *((x, SMALL_PX) for x in lines)])
    return Box(
        spec.name, spec.name, tuple(lines), tool=spec, ready=not reason, width=width, height=height
    )


def _text_size(lines: Iterable[tuple[str, float]]) -> tuple[float, float]:
    """Width and height of a box around (text, font size) lines."""
    pairs = list(lines)
    width = max(len(text) * size * EM for text, size in pairs)
    return width + 2 * PAD, sum(size * LINE for _, size in pairs) + PAD


def _lines(columns: Sequence[Sequence[Box]]) -> list[tuple[Box, Box]]:
    lines = []
    for at in range(1, len(columns), 2):
        before = _by_class(columns[at - 1])
        after = _by_class(columns[at + 1])
        for box in columns[at]:
            assert box.tool is not None
            lines += [(before[n.__name__], box) for n in _needs(box.tool)]
            lines.append((box, after[box.tool.returns.__name__]))
    return lines


def _by_class(column: Sequence[Box]) -> dict[str, Box]:
    return {b.key: b for box in column for b in (box, *box.inside)}


def _place(columns: Sequence[list[Box]], lines: Sequence[tuple[Box, Box]]) -> tuple[float, float]:
    """Set the places, sorting what is right of the first results; returns width and height."""
    height = max((_stack_height(column) for column in columns), default=0.0)
    x = gap = 0.0
    for at, column in enumerate(columns):
        wishes = {box: _wish(box, lines, height) for box in column}
        if at > 2:
            column.sort(key=lambda box: wishes[box])
        width = max((b.width for b in column), default=0.0)
        tops = _tops(column, height) if at % 2 else _spread(column, wishes, height)
        for box, top in zip(column, tops, strict=True):
            if box.tool is not None:
                box.width = width
            box.shift(x + (width - box.width) / 2, top)
        own = {b for box in column for b in (box, *box.inside)}
        gap = GAP_X + GAP_LINE * sum(source in own for source, _ in lines)
        x += width + gap
    return x - gap, height


def _wish(box: Box, lines: Sequence[tuple[Box, Box]], height: float) -> float:
    """Y of the centre that is nearest to what leads to the box."""
    own = {box, *box.inside}
    sources = [source.middle for source, target in lines if target in own]
    return sum(sources) / len(sources) if sources else height / 2


def _stack_height(column: Sequence[Box]) -> float:
    return sum(b.height for b in column) + GAP_Y * max(0, len(column) - 1)


def _tops(column: Sequence[Box], height: float) -> list[float]:
    """A stack in the middle."""
    tops, y = [], (height - _stack_height(column)) / 2
    for box in column:
        tops.append(y)
        y += box.height + GAP_Y
    return tops


def _spread(column: Sequence[Box], wishes: Mapping[Box, float], height: float) -> list[float]:
    """Each box as near to its wish as the others allow."""
    tops: list[float] = []
    floor = 0.0
    for box in column:
        tops.append(max(floor, wishes[box] - box.height / 2))
        floor = tops[-1] + box.height + GAP_Y
    ceiling = height
    for at in range(len(column) - 1, -1, -1):
        tops[at] = min(tops[at], ceiling - column[at].height)
        ceiling = tops[at] - GAP_Y
    return tops
