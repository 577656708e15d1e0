"""Tables out of aligned spans, by hand and drawn."""

from __future__ import annotations

import numpy as np
from PIL import Image as PilImage
from PIL import ImageDraw, ImageFont

from tools.context import ToolContext
from tools.experts.read_table import read_table
from tools.experts.read_text import read_text
from tools.types import Frame, Image, TextSpans


def grid(*cells: tuple[str, float, float]) -> TextSpans:
    """Texts with x and y, 20 px high."""
    quads = [
        [(x, y), (x + 10 * len(t), y), (x + 10 * len(t), y + 20), (x, y + 20)] for t, x, y in cells
    ]
    array = np.array(quads, np.float32).reshape(-1, 4, 2)
    texts = tuple(t for t, _, _ in cells)
    return TextSpans(Frame("0" * 64, 1200, 900), array, texts, np.ones(len(cells), np.float32))


def rows(*lines: tuple[str, ...], xs: tuple[float, ...] = (40, 340, 640)) -> TextSpans:
    return grid(
        *((t, x, 30 + 40 * k) for k, line in enumerate(lines) for t, x in zip(line, xs, strict=False) if t)
    )  # fmt: skip


def test_header_rows_and_empty_cells(ctx: ToolContext) -> None:
    table = read_table(
        ctx,
        rows(("Train", "Leaves", "Platform"), ("IC 204", "10:15", "4"), ("RE 7", "10:31", ""),
             ("S 3", "10:40", "2")),
    )  # fmt: skip
    assert table.columns == ("Train", "Leaves", "Platform")
    assert table.rows == (("IC 204", "10:15", "4"), ("RE 7", "10:31", ""), ("S 3", "10:40", "2"))
    place = table.box(0, 1)
    assert place is not None
    assert place.xyxy[0].tolist() == [340, 70, 390, 90]
    assert table.box(1, 2) is None


def test_words_only_have_no_header(ctx: ToolContext) -> None:
    table = read_table(ctx, rows(("red", "rot"), ("blue", "blau"), ("green", "grün")))
    assert table.columns == ("column 1", "column 2")
    assert len(table) == 3


def test_second_line_of_a_cell_continues_it(ctx: ToolContext) -> None:
    text = grid(
        ("Day", 40, 30), ("Dish", 340, 30), ("Price", 700, 30),
        ("Mon", 40, 90), ("Beans with", 340, 90), ("5.00", 700, 90),
        ("white rice", 340, 112),
        ("Tue", 40, 170), ("Soup", 340, 170), ("4.00", 700, 170),
        ("Wed", 40, 230), ("Fish", 340, 230), ("6.00", 700, 230),
        ("Thu", 40, 290), ("Pie", 340, 290), ("3.00", 700, 290),
    )  # fmt: skip
    table = read_table(ctx, text)
    assert table.rows[0] == ("Mon", "Beans with white rice", "5.00")
    assert len(table) == 4


def test_menu_of_single_spans_parts_names_and_prices(ctx: ToolContext) -> None:
    table = read_table(
        ctx, grid(("PIES", 40, 30), ("Apple 4.50", 40, 70), ("Rhubarb tart 5,20€", 40, 110))
    )
    assert table.rows == (("PIES", ""), ("Apple", "4.50"), ("Rhubarb tart", "5,20€"))


def test_twin_headers_stay_apart(ctx: ToolContext) -> None:
    table = read_table(
        ctx, rows(("Team", "Goals", "Goals"), ("Ajax", "3", "1"), ("Brann", "2", "2"))
    )
    assert table.columns == ("Team", "Goals", "Goals (2)")


def test_plain_lines_and_nothing(ctx: ToolContext) -> None:
    table = read_table(ctx, grid(("only one line", 40, 30), ("and another", 40, 70)))
    assert table.columns == ("text",)
    assert table.rows == (("only one line",), ("and another",))
    assert len(read_table(ctx, grid())) == 0


def test_drawn_table_is_read_end_to_end(ctx: ToolContext) -> None:
    lines = [("Station", "Opened", "Tracks"), ("Lindholm", "1894", "12"), ("Westerby", "1931", "6")]
    picture = PilImage.new("RGB", (760, 300), "white")
    draw = ImageDraw.Draw(picture)
    for k, line in enumerate(lines):
        for j, text in enumerate(line):
            font = ImageFont.load_default(size=30)
            draw.text((40 + 250 * j, 40 + 70 * k), text, fill="black", font=font)
    table = read_table(ctx, read_text(ctx, Image.as_root(np.asarray(picture))))
    assert table.columns == lines[0]
    assert table.rows == tuple(lines[1:])
