"""Running text is cut into sentences; separate lines stay separate."""

from __future__ import annotations

import numpy as np

from agent.planners.offline.sentences import sentences
from tools.types import Frame, TextSpans


def lines(*texts: str, gap: int = 6) -> TextSpans:
    """Lines of 30 px below one another; '' leaves a line out."""
    kept = [(i, t) for i, t in enumerate(texts) if t]
    quads = []
    for i, text in kept:
        top, right = 20 + i * (30 + gap), 20 + 14 * len(text)
        quads.append([[20, top], [right, top], [right, top + 30], [20, top + 30]])
    return TextSpans(
        Frame("f", 1400, 900), np.array(quads, np.float32), tuple(t for _, t in kept),
        np.ones(len(kept), np.float32),
    )  # fmt: skip


def test_a_sentence_runs_over_lines_and_names_them() -> None:
    page = lines(
        "The lift will be out of order",
        "on Tuesday at the gate. Use the",
        "stairs, please. Thank you.",
    )
    found = sentences(page)
    assert found[-1].text == "Thank you."
    assert found[-2].rows == (1, 2)
    assert "order on Tuesday" in found[0].text


def test_an_empty_line_ends_a_paragraph() -> None:
    page = lines("we meet on Friday at the gate", "", "", "bring your own lunch along")
    assert [s.rows for s in sentences(page)] == [(0,), (1,)]


def test_lines_that_all_begin_anew_are_no_running_text() -> None:
    page = lines("Tickets 12 pounds each", "Children under twelve free", "Doors open at seven")
    assert len(sentences(page)) == 3


def test_no_text_has_no_sentences() -> None:
    empty = TextSpans(
        Frame("f", 10, 10), np.zeros((0, 4, 2), np.float32), (), np.zeros(0, np.float32)
    )
    assert sentences(empty) == []
