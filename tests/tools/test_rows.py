"""Rows of tables: amounts as they are printed, names as people say them, places, sums."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.context import ToolContext
from tools.errors import BadArguments, ToolFailed
from tools.experts.add_up import add_up
from tools.experts.find_rows import find_rows
from tools.experts.row_boxes import row_boxes
from tools.rows import SURE, amount, keep_rows, row_amount, row_places, similarity
from tools.types import Frame, Table

FRAME = Frame("0" * 64, 400, 400)
COLUMNS = ("kind", "label", "value")


def table(*rows: tuple[str, str, str]) -> Table:
    """Fields one under another: labels at x 10–100, values at x 200–260, 20 px apart."""
    cells = np.full((len(rows), 3, 4), np.nan, np.float32)
    for k, (_, label, _) in enumerate(rows):
        if label:
            cells[k, 1] = (10, 20 * k, 100, 20 * k + 15)
        cells[k, 2] = (200, 20 * k, 260, 20 * k + 15)
    return Table(COLUMNS, rows, FRAME, cells)


DRINKS = table(
    ("section", "", "DRINKS"),
    ("item", "Tea", "2.10"),
    ("item", "Iced Tea", "2.80"),
    ("item", "Green Tea", "2.60"),
    ("item", "7 Up", "1.90"),
    ("item", "Crème Brûlée", "€6,50"),
    ("item", "Tap water", "free"),
    ("total", "TOTAL", "15.90"),
    ("discount", "Loyalty", "-$1.00"),
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("14.40", 14.4),
        ("8,5", 8.5),
        ("1,234.50", 1234.5),  # comma groups
        ("1.234,50 €", 1234.5),  # point groups
        ("1'234.50", 1234.5),
        ("1 234 567", 1234567),
        ("1,234", 1234),
        ("1,234.567", 1234.567),
        ("1.234.567,8", 1234567.8),
        ("0.125", 0.125),  # nothing is grouped behind a zero
        ("12345.678", 12345.678),  # nor behind five digits
        (".99", 0.99),
        ("$.99", 0.99),
        ("No.5", 5),
        ("40p", 0.4),
        ("50P", 0.5),
        ("5 cents", 0.05),
        ("£1.50p", 1.5),
        ("10 pcs", 10),
        ("-3.00", -3),
        ("−2,50 €", -2.5),
        ("-$3.00", -3),  # as `read_fields` writes a discount
        ("-RM 2.30", -2.3),
        ("EUR -1,234.50", -1234.5),
        ("(4.20)", -4.2),
        ("1.50-", -1.5),
        ("12.-", 12),
        ("(2)", 2),
        ("5-6", 6),  # a range, no minus
        ("1.50-2.00", 2),
        ("A-4", 4),
        ("2 x 3.50", 3.5),
        ("Soup.....5", 5),
        ("none", None),
        ("-", None),
        ("", None),
    ],
)
def test_an_amount_is_read_as_printed(text: str, value: float | None) -> None:
    assert amount(text) == (value if value is None else pytest.approx(value))


@given(st.integers(-99_999_999, 99_999_999))
def test_every_usual_way_to_print_an_amount_is_one_amount(cents: int) -> None:
    value = cents / 100
    english = f"{value:,.2f}"
    german = english.translate(str.maketrans(",.", ".,"))
    for text in (f"{value:.2f}", english, german, f"{english} EUR", english.replace(",", " ")):
        assert amount(text) == pytest.approx(value), text


@pytest.mark.parametrize(
    ("wanted", "label"),
    [
        ("rye loaf", "Rye Loaf"),
        ("loaf", "Rye Loaf"),  # a part of the name
        ("loaf rye", "RYE LOAF"),  # word order
        ("coffees", "Filter Coffee"),
        ("cherry", "Cherries"),
        ("cookies", "Cookie"),
        ("glass", "Glasses"),
        ("loaves", "Rye Loaf"),
        ("sub total", "SUBTOTAL"),
        ("icecream", "Ice Cream"),
        ("ham and eggs", "Ham & Eggs"),
        ("creme brulee", "Crème Brûlée"),
        ("creme brulee", "Cre\u0300me Bru\u0302le\u0301e"),  # accents as signs of their own
        ("capuccino", "Cappuccino"),  # misspelt
        ("total", "T0TAL"),  # misread
        ("cinnamon roll", "Cinnamon R0ll"),
    ],
)
def test_names_of_the_same_thing(wanted: str, label: str) -> None:
    assert similarity(wanted, label) >= SURE


@pytest.mark.parametrize(
    ("wanted", "label"),
    [
        ("total", "SUBTOTAL"),
        ("tea", "Steak"),
        ("ham", "Hamburger"),
        ("pea soup", "Leek Soup"),
        ("white wine", "White Rice"),
        ("ham sandwich", "Jam Sandwich"),
        ("green tea", "Green Pea"),
        ("large coffee", "Small Coffee"),
        ("room 101", "Room 102"),
        ("gate b6", "Gate B8"),
        ("", "Tea"),
        ("tea", ""),
        ("...", "Tea"),
    ],
)
def test_names_of_other_things(wanted: str, label: str) -> None:
    assert similarity(wanted, label) < SURE


def labels(found: Table) -> list[str]:
    return [row["label"] for row in found]


def test_an_exact_name_is_found_alone(ctx: ToolContext) -> None:
    assert labels(find_rows(ctx, DRINKS, label="tea")) == ["Tea"]


def test_a_part_of_a_name_finds_all_that_have_it(ctx: ToolContext) -> None:
    menu = table(("item", "Pea soup", "5"), ("item", "Bread", "1"), ("item", "Leek soup", "6"))
    assert labels(find_rows(ctx, menu, label="soups")) == ["Pea soup", "Leek soup"]


def test_a_name_that_is_not_there_finds_no_row(ctx: ToolContext) -> None:
    found = find_rows(ctx, DRINKS, label="lemonade")
    assert (len(found), found.columns) == (0, COLUMNS)


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("total", ["TOTAL"]),
        ("total|discount", ["TOTAL", "Loyalty"]),
        ("tax", []),
        ("tot", []),  # no part of a kind
    ],
)
def test_rows_of_a_kind(ctx: ToolContext, kind: str, names: list[str]) -> None:
    assert labels(find_rows(ctx, DRINKS, kind=kind)) == names


@pytest.mark.parametrize(
    ("order", "kind", "label", "name"),
    [
        ("highest", "item", "", "Crème Brûlée"),  # a comma divides its decimals
        ("lowest", "item", "", "7 Up"),
        ("lowest", "", "", "Loyalty"),  # below zero
        ("highest", "item|total", "", "TOTAL"),
    ],
)
def test_the_row_with_the_extreme_amount(
    ctx: ToolContext, order: str, kind: str, label: str, name: str
) -> None:
    found = find_rows(ctx, DRINKS, label=label, kind=kind, order=order)  # type: ignore[arg-type]
    assert labels(found) == [name]


def test_no_amount_at_all_has_no_extreme(ctx: ToolContext) -> None:
    assert len(find_rows(ctx, DRINKS, label="tap water", order="highest")) == 0


def test_rows_keep_their_places(ctx: ToolContext) -> None:
    found = find_rows(ctx, DRINKS, kind="total|item", order="highest")
    places = row_boxes(ctx, found)
    assert places.xyxy.tolist() == [[10, 140, 260, 155]]  # label and value together
    assert places.labels == ("TOTAL 15.90",)


def test_a_row_without_a_label_has_the_place_of_its_value(ctx: ToolContext) -> None:
    places = row_boxes(ctx, find_rows(ctx, DRINKS, kind="section"))
    assert places.xyxy.tolist() == [[200, 0, 260, 15]]


def test_no_rows_have_no_boxes_and_no_place_is_refused(ctx: ToolContext) -> None:
    assert len(row_boxes(ctx, keep_rows(DRINKS, []))) == 0
    with pytest.raises(BadArguments, match="no place in a picture"):
        row_boxes(ctx, Table(("a",), (("b",),)))
    assert row_places(Table(("a",), ())) is None


def test_rows_are_kept_in_the_order_asked_for() -> None:
    kept = keep_rows(DRINKS, [4, 1])
    assert labels(kept) == ["7 Up", "Tea"]
    box = kept.box(0, 2)
    assert box is not None
    assert box.xyxy[0, 1] == 80


def test_a_plain_table_is_searched_over_all_its_cells(ctx: ToolContext) -> None:
    towns = Table(
        ("Town", "Km", "Note"),
        (("Bergen", "48", "by ferry"), ("Voss", "120", ""), ("Odda", "n/a", "closed")),
    )
    assert [r["Town"] for r in find_rows(ctx, towns, label="voss")] == ["Voss"]
    assert [r["Town"] for r in find_rows(ctx, towns, order="lowest")] == ["Bergen"]
    assert [row_amount(r) for r in towns] == [48, 120, None]
    assert len(find_rows(ctx, towns, kind="item")) == 0


@pytest.mark.parametrize(
    ("items", "total"),
    [
        (["tea"], 2.1),
        (["2 tea"], 4.2),
        (["3x iced tea", "1 green tea"], 11.0),
        (["2 × tea", "2 * tea"], 8.4),
        (["1.5 tea"], 3.15),
        (["7 up"], 1.9),  # the number is part of the name
        (["2 7 up"], 3.8),
        (["creme brulee", "loyalty"], 5.5),  # a discount is taken off
    ],
)
def test_an_order_is_added_up(ctx: ToolContext, items: list[str], total: float) -> None:
    assert add_up(ctx, DRINKS, items).value == pytest.approx(total)


def test_the_sum_says_how_it_was_made(ctx: ToolContext) -> None:
    assert add_up(ctx, DRINKS, ["2 teas", "7 up"]).of == "2 × Tea at 2.10 + 1 × 7 Up at 1.90"


@pytest.mark.parametrize(
    ("items", "name"),
    [
        (["tea", "2 lemonade"], "lemonade"),
        (["tap water"], "tap water"),  # on the list, without a price
        (["white tea"], "white tea"),
        ([" "], " "),
    ],
)
def test_what_has_no_price_is_named(ctx: ToolContext, items: list[str], name: str) -> None:
    with pytest.raises(ToolFailed, match=f"no price for '{name}'"):
        add_up(ctx, DRINKS, items)
