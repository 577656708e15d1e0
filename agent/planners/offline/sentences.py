"""Running text as sentences, each with the lines it stands in.

A sentence goes on from line to line as long as the lines follow one another in one size. Knows
nothing of the wording of questions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from agent.planners.offline import patterns
from tools.layout import line_heights, line_tops
from tools.textkinds import heading, kind_of
from tools.types import TextSpans

GAP = 0.8
"""Height of a line, as a share of it, that as an empty space ends a paragraph."""
OTHER_SIZE = 1.3
"""How many times taller one line is than the next where a paragraph ends."""
FULL = 0.55
"""Share of the next line's width that a line has which runs on into it."""
TITLE = 1.12
"""How many times taller than the usual line a heading is that is no part of the text."""
ENDS = re.compile(
    r"(?<!\bMr)(?<!\bMs)(?<!\bDr)(?<!\bSt)(?<!\bNo)(?<!\bTel)(?<!\bMrs)(?<!\bno)"
    r"(?<!\b[A-Za-z])(?<!\b\d)[.!?]+[\"”’')]*\s+(?=[\"“‘'(]?[A-Z0-9])"
)


@dataclass(frozen=True)
class Sentence:
    """A sentence and the rows of the text it runs over."""

    text: str
    rows: tuple[int, ...]


def sentences(spans: TextSpans) -> list[Sentence]:
    """The sentences of a page in reading order, headings left out where there is other text."""
    found = [s for rows in _paragraphs(spans) for s in _cut(spans, rows)]
    return [s for s in found if len(s.text.split()) >= 2]


def _paragraphs(spans: TextSpans) -> list[list[int]]:
    """Rows that follow one another as running text."""
    heights, tops = line_heights(spans), line_tops(spans)
    usual = float(np.median(heights)) if len(spans) else 0.0
    titles = {i for i in heading(spans) if heights[i] > TITLE * usual}
    body = [i for i in range(len(spans)) if i not in titles]
    widths = spans.xyxy[:, 2] - spans.xyxy[:, 0]
    running = any(_goes_on(spans.texts[i]) for i in body)
    made: list[list[int]] = []
    for row in body:
        last = made[-1][-1] if made else -1
        if last == row - 1 and last >= 0:
            low, high = sorted((float(heights[last]), float(heights[row])))
            space = float(tops[row] - tops[last]) - float(heights[last])
            full = running and float(widths[last]) > FULL * float(widths[row])
            if full and high < OTHER_SIZE * low and -0.8 * high < space < GAP * high:
                made[-1].append(row)
                continue
        made.append([row])
    return made


def _goes_on(line: str) -> bool:
    """Whether a line begins in the middle of a sentence, as some do in all running text."""
    return line[:1].islower() and not kind_of(line) & {"url", "email"}


def _cut(spans: TextSpans, rows: list[int]) -> list[Sentence]:
    """The sentences of one paragraph."""
    text, starts = "", []
    for row in rows:
        broken = patterns.search(r"[a-z]-$", text) is not None
        text = text[:-1] if broken else f"{text} ".lstrip()
        starts.append(len(text))
        text += " ".join(spans.texts[row].split())
    cuts = [0, *(m.end() for m in ENDS.finditer(text)), len(text)]
    made = []
    for start, end in zip(cuts, cuts[1:], strict=False):
        ends = [*starts[1:], len(text)]
        mine = tuple(r for r, a, b in zip(rows, starts, ends, strict=True) if a < end and start < b)
        made.append(Sentence(text[start:end].strip(), mine))
    return made
