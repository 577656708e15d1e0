"""How a name is found in lettering: by a word that says what it names, else by its prominence.

A line with "Council" in it names the council; the largest legible lettering names the brand.
Knows nothing of the wording of questions.
"""

from __future__ import annotations

import re

import numpy as np

from agent.planners.offline import patterns
from agent.planners.offline.phrases import Target
from agent.planners.offline.scope import Scope
from agent.planners.offline.work import Fragment, Ref, quoted
from tools.geometry import centres
from tools.layout import line_heights
from tools.samewords import tokens, written_in
from tools.textkinds import heading, is_name, kind_of
from tools.types import Placed, TextSpans

LEGIBLE = 0.8
"""Certainty of the reading below which lettering is not taken for a name."""
FEW = 5
"""More legible lines than that are a page, whose largest is no town nor person for being large."""
LARGE = 0.6
"""Share of the tallest lettering from which other lettering might as well be meant."""
OTHERS = 4
"""How many other candidates an uncertain answer names."""
NUMBERED = frozenset(
    "number digit route platform gate line code seat room bay exit bus speed percentage".split()
)
"""What is named by digits rather than by letters."""
PERSONS = frozenset("author artist writer editor composer poet painter actor actress".split())
WHOLE = 1.8
"""How many times taller than the next the lettering is that leaves no doubt."""


def by_cue(scope: Scope, ref: Ref, attribute: Target, near: Ref | None = None) -> Fragment | None:
    """The name that has a word for its kind in it: "Marrickville Council", "CITY OF SYDNEY"."""
    words = tuple(scope.words.table("cues").get(attribute.head, ()))
    if not words:
        return None
    for by in ("row", "block"):
        groups = scope.grouped(ref, by)
        spans = scope.work.see(groups, TextSpans)
        rows = [i for i, text in enumerate(spans.texts) if _names(text, words, spans.scores[i])]
        if rows:
            row = rows[0] if near is None else _nearest(scope, spans, rows, near)
            said = quoted([spans.texts[row]])
            text = f"The {attribute.head} is {said}{scope.work.cite(groups, [row])}"
            return Fragment(text, focus=groups)
    return None


def _names(text: str, cues: tuple[str, ...], score: float) -> bool:
    """Whether a line is a name with a cue in it, not a sentence nor the cue alone."""
    words = tokens(text)
    if not 2 <= len(words) <= 7 or score < LEGIBLE or text.rstrip().endswith(":"):
        return False
    capital = sum(w[:1].isupper() or w[:1].isdigit() for w in words)
    return bool(written_in(cues, text)) and capital * 2 >= len(words)


def _nearest(scope: Scope, spans: TextSpans, rows: list[int], near: Ref) -> int:
    to = centres(scope.work.see(near, Placed).xyxy[:1])
    away = np.linalg.norm(centres(spans.xyxy[rows]) - to, axis=1)
    return rows[int(np.argmin(away))]


def person(scope: Scope, ref: Ref, attribute: Target) -> Fragment | None:
    """The most prominent personal name that is no heading and no firm: who wrote a book."""
    if attribute.head not in PERSONS:
        return None
    spans = scope.work.see(ref, TextSpans)
    titles = set(heading(spans))
    firms = {w for cues in scope.words.table("cues").values() for w in cues}
    rows = [
        i
        for i in prominent(spans)
        if i not in titles
        and is_name(patterns.sub(r"^(?:by|von|de)\s+", "", spans.texts[i], flags=re.I))
        and not written_in(firms, spans.texts[i])
    ]
    if not rows:
        return None
    said = quoted([spans.texts[rows[0]]])
    return Fragment(f"The {attribute.head} is {said}{scope.work.cite(ref, rows[:1])}", focus=ref)


def by_prominence(
    scope: Scope, ref: Ref, attribute: Target, *, numeric: bool = False, near: Ref | None = None
) -> Fragment | None:
    """The most prominent lettering, said to be just that; None where nothing is legible."""
    spans = scope.work.see(ref, TextSpans)
    rows = prominent(spans, digits=numeric or attribute.head in NUMBERED)
    if len(rows) > FEW and (attribute.head in scope.words.lexicon["one_of_many"]):
        return None
    if near is not None and rows:
        rows = [_nearest(scope, spans, rows, near)]
    if not rows:
        return None
    blocks = _same_block(spans, rows)
    what = attribute.head or "text"
    best = " ".join(spans.texts[r] for r in blocks[0])
    text = f"By its most prominent lettering, the {what} is {quoted([best])}{scope.work.cite(ref, blocks[0])}"
    heights = line_heights(spans)
    tall = LARGE * max(float(heights[r]) for r in blocks[0])
    rest = [r for block in blocks[1:] for r in block if heights[r] >= tall][:OTHERS]
    if rest and not _dominates(spans, blocks[0][0], rest):
        text += f"; also written: {scope.say_text(ref, rest)}"
    return Fragment(text, focus=ref)


def _same_block(spans: TextSpans, rows: list[int]) -> list[list[int]]:
    """The first row with the lines of its own size right beside it; the others one by one."""
    heights, boxes = line_heights(spans), spans.xyxy
    first, taken = rows[0], [rows[0]]
    for row in rows[1:]:
        low, high = sorted((float(heights[row]), float(heights[first])))
        near = any(_touching(boxes[row], boxes[t], low) for t in taken)
        if near and low >= 0.75 * high and len(spans.texts[row]) >= 3:
            taken.append(row)
    taken = taken if len(taken) <= 3 else taken[:1]
    return [sorted(taken), *([r] for r in rows if r not in taken)]


def _touching(a: np.ndarray, b: np.ndarray, size: float) -> bool:
    """Whether two lines stand one under the other or one behind the other."""
    dx = float(max(a[0], b[0]) - min(a[2], b[2]))
    dy = float(max(a[1], b[1]) - min(a[3], b[3]))
    return (dy < 0.5 * size and dx < -0.3 * min(a[2] - a[0], b[2] - b[0])) or (
        dx < 0.9 * size and dy < -0.5 * size
    )


def prominent(spans: TextSpans, *, digits: bool = False) -> list[int]:
    """Rows from the most to the least prominent: height of the letters, certainty, being a name."""
    if not len(spans):
        return []
    sides = np.linalg.norm(spans.quads[:, 3] - spans.quads[:, 0], axis=1)
    ranks = []
    for row, text in enumerate(spans.texts):
        letters = sum(c.isalpha() for c in text)
        fits = sum(c.isdigit() for c in text) if digits else letters
        if fits < (1 if digits else 2) or spans.scores[row] < LEGIBLE:
            continue
        if not digits and kind_of(text) & {"url", "email", "phone", "date"}:
            continue
        share = fits / max(1, sum(c.isalnum() for c in text))
        weight = float(spans.scores[row]) * min(1.0, fits / 3) * share**2
        ranks.append((float(sides[row]) * weight, row))
    return [row for _, row in sorted(ranks, reverse=True)]


def _dominates(spans: TextSpans, first: int, rest: list[int]) -> bool:
    sides = np.linalg.norm(spans.quads[:, 3] - spans.quads[:, 0], axis=1)
    return float(sides[first]) >= WHOLE * max(float(sides[r]) for r in rest)
