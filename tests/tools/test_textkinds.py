"""Kinds of texts, headings, lists and fuzzy finding."""

from __future__ import annotations

import numpy as np
import pytest

from tools import textkinds
from tools.types import Frame, TextSpans

KIND_TABLE = [
    ("anna.bell@mail.example.org", "email"),
    ("see www.example.com/menu today", "url"),
    ("https://example.org/a?b=1", "url"),
    ("Tel: 020 7946 0958", "phone"),
    ("+49 30 901820", "phone"),
    ("(212) 664-7665", "phone"),
    ("14.02.2021", "date"),
    ("3 March 2019", "date"),
    ("2024-11-05", "date"),
    ("12:45", "time"),
    ("7:05 pm", "time"),
    ("9am", "time"),
    ("1851", "year"),
    ("1902-07", "year"),
    ("$12.50", "amount"),
    ("4,90 €", "price"),
    ("RM5", "amount"),
    ("1,024.00", "amount"),
    ("25%", "percent"),
    ("42 km", "distance"),
    ("50 mph", "speed"),
    ("LN08 KPT", "plate"),
    ("7ABC123", "plate"),
    ("B-MW 4321", "plate"),
    ("EC1A 1BB", "postcode"),
    ("SW9", "postcode"),
    ("Springfield, IL 62704", "postcode"),
    ("ISBN 978-3-16-148410-0", "isbn"),
    ("4006381333931", "ean"),
    ("#17", "number"),
    ("Ada Lovelace", "name"),
    ("Ludwig van Beethoven", "name"),
    ("MULBERRY LANE", "street"),
    ("12 Baker St", "street"),
    ("Lindenstraße 7", "street"),
    ("rue de Rivoli", "street"),
]


@pytest.mark.parametrize(("text", "kind"), KIND_TABLE)
def test_kind_is_seen(text: str, kind: str) -> None:
    assert kind in textkinds.kind_of(text)


NOT_TABLE = [
    ("12.05.2019", "amount"),  # a date is no price
    ("9.30 - 17.00", "amount"),  # nor are opening hours
    ("12.50", "time"),
    ("£5.00 - £7.50", "time"),
    ("500ML", "plate"),  # a measure is no plate
    ("MAR 12", "plate"),
    ("0012345678", "phone"),  # a bare run of digits is no telephone
    ("12:45", "amount"),
    ("3.50 km", "amount"),
    ("4006381333932", "ean"),  # wrong check digit
    ("SALE", "plate"),
    ("Fresh bread today", "name"),
    ("(603) 8888 1234", "year"),
    ("99.13.2020", "date"),
]


@pytest.mark.parametrize(("text", "kind"), NOT_TABLE)
def test_kind_is_not_seen(text: str, kind: str) -> None:
    assert kind not in textkinds.kind_of(text)


def test_every_answer_is_a_known_kind() -> None:
    seen = {kind for text, _ in KIND_TABLE for kind in textkinds.kind_of(text)}
    assert seen <= set(textkinds.KINDS)
    assert textkinds.kind_of("") == frozenset()


def test_times_are_told_from_what_stands_right_by_them() -> None:
    assert textkinds.values("9.00- 17.30", "time") == ["9.00", "17.30"]
    assert textkinds.values("14/03/202610:42", "date") == ["14/03/2026"]
    assert textkinds.values("14/03/202610:42", "time") == ["10:42"]


def test_values_are_as_printed() -> None:
    line = "Fri 3 March 2019 12:45 paid $12.50 to anna@example.org"
    assert textkinds.values(line, "time") == ["12:45"]
    assert textkinds.values(line, "amount") == ["$12.50"]
    assert textkinds.values(line, "email") == ["anna@example.org"]


def lines(*items: tuple[str, float]) -> TextSpans:
    """Lines under one another, each with its height."""
    quads, y = [], 0.0
    for text, height in items:
        width = 0.5 * height * len(text)
        quads.append([(0, y), (width, y), (width, y + height), (0, y + height)])
        y += 1.5 * height
    array = np.array(quads, np.float32).reshape(-1, 4, 2)
    texts = tuple(t for t, _ in items)
    return TextSpans(Frame("0" * 64, 2000, 2000), array, texts, np.ones(len(texts), np.float32))


def test_heading_is_the_largest_lettering_with_its_second_line() -> None:
    page = lines(
        ("Daily News", 14),
        ("Storm warning for", 40),
        ("the whole coast", 38),
        ("Ships stay in", 16),
    )
    assert textkinds.heading(page) == [1, 2]
    assert textkinds.heading(lines()) == []
    assert textkinds.heading(lines(("42", 50), ("Platform", 20))) == [1]


def test_numbered_items_need_a_run() -> None:
    steps = lines(("How to plant", 30), ("1. Dig", 20), ("2) Water", 20), ("(3) Wait", 20))
    assert textkinds.numbered_items(steps) == [1, 2, 3]
    assert textkinds.numbered_items(lines(("7. Only this", 20), ("or that", 20))) == []
    assert textkinds.numbered_items(lines(("• one", 20), ("more", 20), ("• two", 20))) == [0, 2]
    assert textkinds.numbered_items(lines(("2.50 tea", 20), ("1.50 milk", 20))) == []


def test_find_forgives_confusions_and_ranks() -> None:
    page = lines(("H0TEL B0LT0N", 20), ("Hotel Boston", 20), ("open daily", 20))
    found = textkinds.find(page, "hotel bolton")
    assert [row for row, _ in found] == [0, 1]
    assert found[0][1] > 0.9 > found[1][1]
    assert textkinds.find(page, "zebra") == []
    assert textkinds.find(page, "") == []
