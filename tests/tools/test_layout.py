"""Rows, columns and reading order of hand-made spans."""

from __future__ import annotations

import numpy as np
import pytest

from tools import layout
from tools.types import Frame, TextSpans

FRAME = Frame("0" * 64, 1000, 1000)


def spans(*items: tuple[str, float, float, float, float], level: str = "line") -> TextSpans:
    """Texts with x, y, width and height."""
    quads = [[(x, y), (x + w, y), (x + w, y + h), (x, y + h)] for _, x, y, w, h in items]
    array = np.array(quads, np.float32).reshape(-1, 4, 2)
    texts = tuple(item[0] for item in items)
    return TextSpans(FRAME, array, texts, np.ones(len(items), np.float32), level)


def turned(text: TextSpans, degrees: float) -> TextSpans:
    """The same spans turned about the middle of the frame."""
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    quads = (text.quads - 500) @ turn.T + 500
    return TextSpans(FRAME, quads.astype(np.float32), text.texts, text.scores, text.level)


RECEIPT = spans(
    ("3.20", 600, 402, 60, 20),
    ("Coffee", 300, 400, 120, 20),
    ("Total", 300, 460, 100, 20),
    ("1.10", 600, 430, 60, 20),
    ("Bread roll", 300, 431, 160, 20),
    ("4.30", 600, 459, 60, 20),
)


@pytest.mark.parametrize("degrees", [0, 7, -12, 90, 180, 270])
def test_rows_hold_at_any_angle(degrees: float) -> None:
    text = turned(RECEIPT, degrees)
    read = [[text.texts[i] for i in row] for row in layout.rows(text)]
    assert read == [["Coffee", "3.20"], ["Bread roll", "1.10"], ["Total", "4.30"]]


def test_prices_stay_on_the_line_of_their_label() -> None:
    order = [RECEIPT.texts[i] for i in layout.reading_order(RECEIPT)]
    assert order == ["Coffee", "3.20", "Bread roll", "1.10", "Total", "4.30"]


def test_columns_of_running_text_are_read_one_after_the_other() -> None:
    left = [(f"left line number {k} of the text", 50, 200 + 40 * k, 380, 24) for k in range(5)]
    right = [(f"right line number {k} of the text", 520, 205 + 40 * k, 380, 24) for k in range(5)]
    text = spans(("A title over both columns", 200, 100, 600, 40), *right, *left)
    order = [text.texts[i] for i in layout.reading_order(text)]
    assert order == ["A title over both columns", *(t[0] for t in left), *(t[0] for t in right)]


def test_curled_line_stays_one_row() -> None:
    # Six words that sink by 40 px over the line, in lines 40 px apart.
    text = spans(
        *((f"a{k}", 100 + 130 * k, 100 + 8 * k, 110, 24) for k in range(6)),
        *((f"b{k}", 100 + 130 * k, 140 + 8 * k, 110, 24) for k in range(6)),
    )
    read = ["".join(text.texts[i] for i in row) for row in layout.rows(text)]
    assert read == ["a0a1a2a3a4a5", "b0b1b2b3b4b5"]


def test_words_join_into_cells_where_they_stand_close() -> None:
    text = spans(
        ("Bread", 100, 100, 60, 20), ("roll", 168, 100, 40, 20), ("1.10", 500, 100, 60, 20),
        level="word",
    )  # fmt: skip
    cells = layout.cell_rows(text)[0]
    assert [c.text for c in cells] == ["Bread roll", "1.10"]
    assert cells[0].xyxy.tolist() == [100, 100, 208, 120]


def test_heights_and_tops_are_the_texts_own_when_it_is_turned() -> None:
    text = turned(RECEIPT, 90)
    assert layout.line_heights(text) == pytest.approx(np.full(6, 20), abs=0.1)
    assert layout.line_tops(text)[[1, 2]] == pytest.approx([0, 60], abs=0.1)


def test_nothing_read_is_no_rows() -> None:
    assert layout.rows(spans()) == []
    assert layout.reading_order(spans()) == []
    assert layout.cell_rows(spans()) == []
