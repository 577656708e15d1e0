"""Pieces of text that belong together: rows of words, paragraphs of rows."""

from __future__ import annotations

import numpy as np
import pytest

from tools.context import ToolContext
from tools.experts.count import count
from tools.experts.group_text import group_text
from tools.types import Frame, TextSpans

Piece = tuple[str, float, float, float]
"""Text, x, y, height; letters are half as wide as high."""


def page(*pieces: Piece, degrees: float = 0.0, level: str = "line") -> TextSpans:
    """Pieces of text on a page that is turned about (500, 500)."""
    turn = np.radians(degrees)
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    quads = []
    for text, x, y, h in pieces:
        w = 0.5 * h * len(text)
        quad = np.array([(x, y), (x + w, y), (x + w, y + h), (x, y + h)], np.float64)
        quads.append((quad - 500) @ rotation + 500)
    array = np.array(quads, np.float32).reshape(-1, 4, 2)
    scores = np.linspace(0.9, 0.5, len(pieces)).astype(np.float32)
    texts = tuple(text for text, *_ in pieces)
    return TextSpans(Frame("0" * 64, 1000, 1000), array, texts, scores, level)


NAMES = (
    ("LANDS", 300, 400, 40), ("LANE", 420, 400, 40),  # a gap of half a letter's height
    ("CLIFF", 300, 480, 40), ("ST", 415, 490, 24),  # set smaller, on the same line
    ("EXIT", 700, 400, 40),  # far to the right
)  # fmt: skip


@pytest.mark.parametrize("degrees", [0, 7, -20, 35])
def test_words_of_one_row_become_one_text(ctx: ToolContext, degrees: float) -> None:
    grouped = group_text(ctx, page(*NAMES, degrees=degrees, level="word"))
    assert sorted(grouped.texts) == ["CLIFF ST", "EXIT", "LANDS LANE"]


@pytest.mark.parametrize("degrees", [0, 35])
def test_a_group_lies_around_its_members_and_is_turned_like_them(
    ctx: ToolContext, degrees: float
) -> None:
    grouped = group_text(ctx, page(*NAMES[:2], degrees=degrees))
    around = page(("x" * 10, 300, 400, 40), degrees=degrees).quads[
        0
    ]  # from LANDS to the end of LANE
    assert grouped.quads[0] == pytest.approx(around, abs=0.01)


def test_a_group_is_as_sure_as_its_least_sure_member(ctx: ToolContext) -> None:
    spans = page(*NAMES)
    grouped = group_text(ctx, spans)
    assert grouped.scores[grouped.texts.index("LANDS LANE")] == spans.scores[1]


def test_grouped_words_count_as_lines(ctx: ToolContext) -> None:
    number = count(ctx, group_text(ctx, page(*NAMES, level="word")))
    assert (number.value, number.unit) == (3, "lines")


@pytest.mark.parametrize(
    ("second", "joined"),
    [
        (("SOUTH", 220, 100, 40), True),  # half a height away
        (("SOUTH", 250, 100, 40), True),  # 1.25 heights
        (("SOUTH", 260, 100, 40), False),  # 1.5 heights
        (("SOUTH", 220, 110, 18), True),  # 2.2 times smaller
        (("SOUTH", 220, 110, 15), False),  # 2.7 times smaller
        (("SOUTH", 220, 150, 40), False),  # on the next row
    ],
)
def test_what_is_one_row(ctx: ToolContext, second: Piece, joined: bool) -> None:
    grouped = group_text(ctx, page(("TERMINAL", 40, 100, 40), second))
    assert (grouped.texts == ("TERMINAL SOUTH",)) == joined
    assert len(grouped) == (1 if joined else 2)


def test_nothing_read_is_nothing_grouped(ctx: ToolContext) -> None:
    for by in ("row", "block"):
        assert len(group_text(ctx, page(), by=by)) == 0  # type: ignore[arg-type]


@pytest.mark.parametrize("degrees", [0, 12])
def test_paragraphs_are_told_apart_by_space_and_size(ctx: ToolContext, degrees: float) -> None:
    text = page(
        ("Opening hours", 300, 360, 50),  # a heading
        ("The museum is open daily", 300, 430, 24),
        ("from nine to five", 300, 460, 24),
        ("Dogs must wait outside", 300, 540, 24),  # after a blank line
        ("with their people", 300, 570, 24),
        degrees=degrees,
    )
    assert group_text(ctx, text, by="block").texts == (
        "Opening hours",
        "The museum is open daily from nine to five",
        "Dogs must wait outside with their people",
    )


def test_columns_are_not_mixed(ctx: ToolContext) -> None:
    text = page(
        ("first line left", 100, 100, 24), ("first line right", 600, 100, 24),
        ("second one left", 100, 132, 24), ("second one right", 600, 132, 24),
    )  # fmt: skip
    assert group_text(ctx, text, by="block").texts == (
        "first line left second one left",
        "first line right second one right",
    )


def test_columns_stay_apart_over_a_line_that_spans_them(ctx: ToolContext) -> None:
    text = page(
        ("first left", 100, 100, 24), ("first right", 400, 100, 24),
        ("second left", 100, 132, 24), ("second right", 400, 132, 24),
        ("a line under both of the columns of text", 100, 164, 24),
    )  # fmt: skip
    texts = group_text(ctx, text, by="block").texts
    assert len(texts) == 2
    assert "first left second left" in texts


def test_a_row_torn_by_a_wide_gap_stays_in_its_paragraph(ctx: ToolContext) -> None:
    text = page(
        ("all visitors are kindly asked to", 100, 100, 24),
        ("leave by", 100, 132, 24), ("the gate", 388, 132, 24),
        ("before it is closed at nine p.m.", 100, 164, 24),
    )  # fmt: skip
    assert group_text(ctx, text, by="block").texts == (
        "all visitors are kindly asked to leave by the gate before it is closed at nine p.m.",
    )


def test_a_group_stays_inside_the_picture(ctx: ToolContext) -> None:
    quads = np.array(
        [[[0, 10], [60, 0], [62, 20], [2, 30]], [[62, 0], [98, 0], [98, 20], [62, 20]]], np.float32
    )
    spans = TextSpans(Frame("0" * 64, 100, 40), quads, ("A", "B"), np.ones(2, np.float32))
    grouped = group_text(ctx, spans)
    assert grouped.texts == ("A B",)
    assert grouped.quads.min() >= 0
    assert (grouped.quads[..., 0].max(), grouped.quads[..., 1].max()) <= (100, 40)
