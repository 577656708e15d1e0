"""Fields of receipts, menus, cards and signs: layout by hand, and drawn through the real OCR."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image as PilImage
from PIL import ImageDraw, ImageFont

from tools import geometry
from tools.context import ToolContext
from tools.experts.read_fields import KINDS, read_fields
from tools.experts.read_text import read_text
from tools.money import amounts, label_kind, number_of
from tools.types import Frame, Image, Table, TextSpans

LINE = 24.0


def page(*rows: str | tuple[tuple[str, float], ...]) -> TextSpans:
    """Rows under one another; a row is a text at x 40, or (text, x) cells."""
    quads, texts = [], []
    for k, row in enumerate(rows):
        for text, x in ((row, 40.0),) if isinstance(row, str) else row:
            y, w = 20 + 1.5 * LINE * k, 0.5 * LINE * len(text)
            quads.append([(x, y), (x + w, y), (x + w, y + LINE), (x, y + LINE)])
            texts.append(text)
    frame = Frame("0" * 64, 2000, 2000)
    array = np.array(quads, np.float32).reshape(-1, 4, 2)
    return TextSpans(frame, array, tuple(texts), np.ones(len(texts), np.float32))


def line(label: str, value: str) -> tuple[tuple[str, float], ...]:
    return ((label, 40.0), (value, 600.0))


def of(table: Table, kind: str) -> list[tuple[str, str]]:
    return [(row["label"], row["value"]) for row in table if row["kind"] == kind]


def value(table: Table, kind: str) -> str:
    (found,) = of(table, kind)
    return found[1]


TRAPS = page(
    "GREEN BASKET",
    "14 Mill Lane, York",
    line("Date: 03/09/2021", "Time: 18:42"),
    line("Apples", "4.00"),
    line("2 x Honey", "12.00"),
    "Oat flakes",
    line("3 x 1.50", "4.50"),
    line("SUBTOTAL", "20.50"),
    line("TOTAL TAX", "1.64"),
    line("ROUNDING", "0.01"),
    line("TOTAL", "22.14"),
    line("TOTAL QTY", "6"),
    line("CASH", "30.00"),
    line("CHANGE", "7.86"),
    line("TOTAL SAVINGS", "1.00"),
    "Receipt No: 77123",
)


def test_receipt_sums_resist_their_namesakes(ctx: ToolContext) -> None:
    table = read_fields(ctx, TRAPS)
    assert value(table, "total") == "22.14"
    assert value(table, "subtotal") == "20.50"
    assert value(table, "tax") == "1.64"
    assert value(table, "cash") == "30.00"
    assert value(table, "change") == "7.86"
    assert value(table, "discount") == "1.00"


def test_receipt_items_have_names_also_from_the_line_above(ctx: ToolContext) -> None:
    table = read_fields(ctx, TRAPS)
    assert of(table, "item") == [("Apples", "4.00"), ("Honey", "12.00"), ("Oat flakes", "4.50")]


def test_receipt_head_and_numbers(ctx: ToolContext) -> None:
    table = read_fields(ctx, TRAPS)
    assert value(table, "merchant") == "GREEN BASKET"
    assert value(table, "address") == "14 Mill Lane, York"
    assert of(table, "date") == [("Date", "03/09/2021")]
    assert of(table, "time") == [("Time", "18:42")]
    assert of(table, "id") == [("Receipt No", "77123")]


def test_cells_say_where_label_and_value_stand(ctx: ToolContext) -> None:
    table = read_fields(ctx, TRAPS)
    row = next(k for k, r in enumerate(table.rows) if r[0] == "total")
    label, amount = table.box(row, 1), table.box(row, 2)
    assert table.box(row, 0) is None
    assert label is not None
    assert amount is not None
    assert label.xyxy[0].tolist() == [40, 380, 100, 404]
    assert amount.xyxy[0].tolist() == [600, 380, 660, 404]


def test_arithmetic_finds_the_total_behind_a_torn_label(ctx: ToolContext) -> None:
    torn = page(line("Tea", "3.00"), line("Subtotal", "3.00"), line("VAT", "0.60"),
                line("Amo", "3.60"), line("Cash", "5.00"), line("Change", "1.40"))  # fmt: skip
    assert value(read_fields(ctx, torn), "total") == "3.60"


def test_label_and_amount_in_one_span_have_parts_of_its_box(ctx: ToolContext) -> None:
    table = read_fields(ctx, page("Soup ........ $4.50", "Total: $4.50"))
    assert of(table, "item") == [("Soup", "$4.50")]
    row = next(k for k, r in enumerate(table.rows) if r[0] == "total")
    amount = table.box(row, 2)
    assert amount is not None
    assert amount.xyxy[0, 0] == pytest.approx(40 + 7 * 12, abs=1)


def test_menu_with_sections_and_two_prices_on_a_line(ctx: ToolContext) -> None:
    menu = page(
        "SOUPS",
        (("Leek", 40), ("5.50 €", 300), ("Tomato", 600), ("6,00 €", 900)),
        "STEWS",
        line("Lentil", "8.20 €"),
    )
    table = read_fields(ctx, menu)
    assert [row["value"] for row in table if row["kind"] == "section"] == ["SOUPS", "STEWS"]
    items = [("Leek", "€5.50"), ("Tomato", "€6.00"), ("Lentil", "€8.20")]
    assert of(table, "item") == items
    assert of(table, "total") == []


def test_prices_named_behind(ctx: ToolContext) -> None:
    table = read_fields(ctx, page((("$59.00 US", 40), ("$74.00", 300), ("CDN", 400))))
    assert of(table, "item") == [("US", "$59.00"), ("CDN", "$74.00")]


def test_card(ctx: ToolContext) -> None:
    card = page(
        "Mara Lindqvist", "Northwind Tools Ltd", "Tel: +44 20 7946 0958", "mara@northwind.example.org",
        "www.northwind-tools.com", "221 Baker Street", "London NW1 6XE",
    )  # fmt: skip
    table = read_fields(ctx, card)
    assert value(table, "name") == "Mara Lindqvist"
    assert value(table, "merchant") == "Northwind Tools Ltd"
    assert of(table, "phone") == [("Tel", "+44 20 7946 0958")]
    assert value(table, "email") == "mara@northwind.example.org"
    assert value(table, "url") == "www.northwind-tools.com"
    assert value(table, "address") == "221 Baker Street, London NW1 6XE"


def test_sign_pairs_distances_with_the_places_above(ctx: ToolContext) -> None:
    sign = page((("Bergen", 40), ("Voss", 400)), (("48 km", 60), ("120 km", 390)))
    assert of(read_fields(ctx, sign), "distance") == [("Bergen", "48 km"), ("Voss", "120 km")]
    board = page(line("Oslo", "310 km"))
    assert of(read_fields(ctx, board), "distance") == [("Oslo", "310 km")]


def test_forms_pair_left_right_and_below(ctx: ToolContext) -> None:
    form = page(
        "Cashier: Ines  Shift: late", line("Colour:", "dark green"), "Ship to:", "Quay 4",
        line("Gate", "B12"),
    )  # fmt: skip
    pairs = of(read_fields(ctx, form), "pair")
    wanted = [
        ("Cashier", "Ines"),
        ("Shift", "late"),
        ("Colour", "dark green"),
        ("Ship to", "Quay 4"),
    ]
    assert pairs == [*wanted, ("Gate", "B12")]


def test_plate_and_lone_number(ctx: ToolContext) -> None:
    assert value(read_fields(ctx, page("LN08 KPT")), "plate") == "LN08 KPT"
    assert value(read_fields(ctx, page("42")), "number") == "42"


def test_nothing_read_gives_an_empty_table(ctx: ToolContext) -> None:
    table = read_fields(ctx, page())
    assert len(table) == 0
    assert table.columns == ("kind", "label", "value")


def test_kinds_are_the_documented_ones(ctx: ToolContext) -> None:
    assert {row["kind"] for row in read_fields(ctx, TRAPS)} <= set(KINDS)


@pytest.mark.parametrize(
    ("text", "number"),
    [("1,234.56", 1234.56), ("1.234,56 €", 1234.56), ("8,50", 8.5), ("$1,200", 1200), ("-3.00", -3),
     ("(4.20)", -4.2), ("2. 10", 2.1), ("none", None), ("0.125", 0.125), ("0,125", 0.125)],
)  # fmt: skip
def test_number_of(text: str, number: float | None) -> None:
    assert number_of(text) == number


@pytest.mark.parametrize(
    ("label", "kind"),
    [("T0TAL", "total"), ("Sub-Total", "subtotal"), ("Total (Excl. GST)", "subtotal"),
     ("Total (incl. tax)", "total"), ("TOTAL TAX", "tax"), ("Total Qty", "pair"), ("Tendered", "cash"),
     ("Amount due", "total"), ("Orange juice", ""), ("CHANGF", "change"), ("Summe", "total")],
)  # fmt: skip
def test_label_kind(label: str, kind: str) -> None:
    assert label_kind(label) == kind


def test_amounts_keep_currency_and_place() -> None:
    (first, second) = amounts("RM2.30 then 8,50€")
    assert (first.text, second.text) == ("RM 2.30", "€8.50")
    assert (first.start, first.end) == (0, 6)


def test_drawn_receipt_is_understood_end_to_end(ctx: ToolContext) -> None:
    picture = PilImage.new("RGB", (520, 620), "white")
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(size=26)
    draw.text((120, 20), "CORNER BAKERY", fill="black", font=ImageFont.load_default(size=36))
    rows = [("Rye bread", "4.20"), ("Cinnamon roll", "3.10"), ("SUBTOTAL", "7.30"),
            ("TAX 10%", "0.73"), ("TOTAL", "8.03"), ("CASH", "10.00"), ("CHANGE", "1.97")]  # fmt: skip
    for k, (label, price) in enumerate(rows):
        draw.text((40, 110 + 60 * k), label, fill="black", font=font)
        draw.text((400, 110 + 60 * k), price, fill="black", font=font)
    slanted = geometry.rotate(Image.as_root(np.asarray(picture)), 6)
    table = read_fields(ctx, read_text(ctx, Image.as_root(slanted.pixels)))
    assert value(table, "merchant") == "CORNER BAKERY"
    assert of(table, "item") == [("Rye bread", "4.20"), ("Cinnamon roll", "3.10")]
    assert [value(table, k) for k in ("subtotal", "tax", "total", "cash", "change")] == [
        "7.30", "0.73", "8.03", "10.00", "1.97",
    ]  # fmt: skip
