"""The tool graph as an SVG picture that a person can read.

Dark text on light boxes; what reads and what edits, what is ready and what is not, is said by a
word, a sign and a border, not by colour alone. Every text is escaped: names and reasons are data.
Knows nothing of where things stand (``tools/graph_layout.py``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from tools.graph_layout import EM, LINE, NAME_PX, PAD, SMALL_PX, Box, Layout, lay_out

if TYPE_CHECKING:
    from tools.graph import ToolGraph

MARGIN = 32.0
HEAD = 64.0
"""Height of title and subtitle."""
FOOT = 60.0
"""Height of the legend."""
INK, QUIET = "#1b2430", "#4a5666"
READ, EDIT, OFF, KIND, FRAME = "#e4eefb", "#fdeed6", "#f1f1f1", "#ffffff", "#f6f4fb"
STROKES = (
    "#2f6db5", "#a2542b", "#3d7d4b", "#7a4fa3", "#a03a55", "#2b7f86", "#7d6b1f", "#59616c",
    "#b0429a", "#1f7a1f", "#c23b22", "#3f3fb0",
)  # fmt: skip
"""Colours of lines, by the class they carry."""
LEGEND = (
    ("read", "looks at what it is given"),
    ("edit", "✎ makes a new picture"),
    ("off", "✕ not ready here"),
    ("kind", "a kind of result"),
    ("frame", "any of the kinds inside fits"),
    ("", "name? may be left out"),
)
STYLE = f"""
text {{ font-family: "DejaVu Sans", Verdana, Arial, sans-serif; fill: {INK}; }}
.name {{ font-size: {NAME_PX}px; font-weight: 600; }}
.small {{ font-size: {SMALL_PX}px; fill: {QUIET}; }}
.title {{ font-size: 22px; font-weight: 600; }}
.line {{ fill: none; stroke-width: 1.6; stroke-opacity: 0.75; }}
"""


def draw(graph: ToolGraph) -> str:
    """The whole picture."""
    layout = lay_out(graph.catalog, graph.ready)
    legend_width = sum(_legend_width(text) for _, text in LEGEND)
    width = max(layout.width, legend_width) + 2 * MARGIN
    height = layout.height + HEAD + FOOT + 2 * MARGIN
    left = (width - layout.width) / 2
    for column in layout.columns:
        for box in column:
            box.shift(left, MARGIN + HEAD)
    count = len(graph.catalog.tools)
    off = sum(1 for box in layout.boxes if not box.ready)
    subtitle = f"{count} tools, {count - off} ready here. Lines lead from what a tool takes to what it makes."
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}">',
        "<title>What each tool takes and makes</title>",
        f"<desc>{_plain(subtitle)}</desc>",
        f"<style>{STYLE}</style>",
        _markers(),
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="#fcfcfd"/>',
        _text(MARGIN, MARGIN + 20, "What each tool takes and makes", "title"),
        _text(MARGIN, MARGIN + 44, subtitle, "small"),
        *_frames(layout),
        *_lines(layout),
        *(_box(box) for box in layout.boxes if not _is_frame(box)),
        *_legend(height - MARGIN - FOOT / 2),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _is_frame(box: Box) -> bool:
    return bool(box.inside)


def _markers() -> str:
    heads = [
        f'<marker id="head{i}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        f'markerHeight="7" orient="auto"><path d="M0,0.5 L8,4 L0,7.5 z" fill="{c}"/></marker>'
        for i, c in enumerate(STROKES)
    ]
    return f"<defs>{''.join(heads)}</defs>"


def _frames(layout: Layout) -> list[str]:
    parts = []
    for box in filter(_is_frame, layout.boxes):
        parts.append(_rect(box, FRAME, QUIET, radius=16, dash="2 4"))
        parts.append(_text(box.x + box.width / 2, _baseline(box), box.title, "name", "middle"))
    return parts


def _lines(layout: Layout) -> list[str]:
    kinds = sorted({(a if a.tool is None else b).key for a, b in layout.lines})
    parts = []
    for source, target in layout.lines:
        kind = (source if source.tool is None else target).key
        colour = kinds.index(kind) % len(STROKES)
        x1, x2 = source.x + source.width, target.x - 2
        bend = (x2 - x1) / 2
        parts.append(
            f'<path class="line" stroke="{STROKES[colour]}" marker-end="url(#head{colour})" '
            f'd="M{x1:.1f},{source.middle:.1f} C{x1 + bend:.1f},{source.middle:.1f} '
            f'{x2 - bend:.1f},{target.middle:.1f} {x2:.1f},{target.middle:.1f}"/>'
        )
    return parts


def _box(box: Box) -> str:
    if box.tool is None:
        rect = _rect(box, KIND, INK, radius=box.height / 2)
        return f"<g>{rect}{_text(box.x + box.width / 2, _baseline(box), box.title, 'name', 'middle')}</g>"
    edits = box.tool.effect == "edit"
    fill = (EDIT if edits else READ) if box.ready else OFF
    rect = _rect(box, fill, INK, radius=5, dash="" if box.ready else "6 4")
    y = _baseline(box)
    texts = [_text(box.x + PAD, y, box.title, "name")]
    if edits:
        texts.append(_text(box.x + box.width - PAD, y, "✎ edit", "small", "end"))
    for line in box.lines:
        y += SMALL_PX * LINE
        texts.append(_text(box.x + PAD, y, line, "small"))
    return f"<g><title>{_plain(box.tool.summary)}</title>{rect}{''.join(texts)}</g>"


def _baseline(box: Box) -> float:
    return box.y + PAD / 2 + NAME_PX


def _rect(box: Box, fill: str, stroke: str, *, radius: float, dash: str = "") -> str:
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<rect data-node={quoteattr(_printable(box.key))} x="{box.x:.1f}" y="{box.y:.1f}" '
        f'width="{box.width:.1f}" height="{box.height:.1f}" rx="{radius:.1f}" '
        f'fill="{fill}" stroke="{stroke}"{dashes}/>'
    )


def _text(x: float, y: float, text: str, kind: str, anchor: str = "start") -> str:
    return (
        f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{_plain(text)}</text>'
    )


def _legend_width(text: str) -> float:
    return 34 + len(text) * SMALL_PX * EM + 22


def _legend(y: float) -> list[str]:
    looks = {"read": (READ, 3, ""), "edit": (EDIT, 3, ""), "off": (OFF, 3, "6 4"),
             "kind": (KIND, 8, ""), "frame": (FRAME, 4, "2 4")}  # fmt: skip
    parts, x = [], MARGIN
    for kind, text in LEGEND:
        if kind:
            fill, radius, dash = looks[kind]
            dashes = f' stroke-dasharray="{dash}"' if dash else ""
            parts.append(
                f'<rect x="{x:.1f}" y="{y - 12:.1f}" width="26" height="16" rx="{radius}" '
                f'fill="{fill}" stroke="{INK}"{dashes}/>'
            )
        parts.append(_text(x + (34 if kind else 0), y, text, "small"))
        x += _legend_width(text)
    return parts


def _plain(text: str) -> str:
    return escape(_printable(text))


def _printable(text: str) -> str:
    """Without the control characters that XML forbids."""
    return "".join(c if c.isprintable() else " " for c in text)
