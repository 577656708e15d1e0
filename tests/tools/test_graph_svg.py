"""The picture of the tool graph: everything on it, nothing over anything else, all escaped."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from itertools import combinations

import pytest

from tools.catalog import Catalog, ToolSpec, discover, tool
from tools.context import ToolContext
from tools.graph import ToolGraph
from tools.graph_layout import EM, NAME_PX, SMALL_PX, lay_out
from tools.types import Boxes, Image, Masks, Number, Placed, Points, Table

SVG = "{http://www.w3.org/2000/svg}"


@tool()
def find(ctx: ToolContext, image: Image, phrases: list[str], region: Placed | None = None) -> Boxes:
    """Find <things> & "more"."""
    raise NotImplementedError


@tool()
def cut(ctx: ToolContext, image: Image, points: Points) -> Masks:
    """Cut out."""
    raise NotImplementedError


@tool(effect="edit")
def blur(ctx: ToolContext, image: Image, region: Placed) -> Image:
    """Blur."""
    raise NotImplementedError


@tool()
def pick(ctx: ToolContext, things: Placed) -> Placed:
    """Choose."""
    raise NotImplementedError


@tool()
def total(ctx: ToolContext, table: Table) -> Number:
    """Wants a table, which nothing makes."""
    raise NotImplementedError


def catalog(*functions: object) -> Catalog:
    specs: list[ToolSpec] = [f.spec for f in functions]  # type: ignore[attr-defined]
    return Catalog({s.name: s for s in specs}, {})


SMALL = catalog(find, cut, blur, pick, total)


@pytest.fixture(params=["small", "real"])
def graph(request: pytest.FixtureRequest) -> ToolGraph:
    return ToolGraph(SMALL if request.param == "small" else discover())


def texts(svg: str) -> list[ET.Element]:
    return list(ET.fromstring(svg).iter(f"{SVG}text"))


def test_every_tool_is_drawn_once_with_its_inputs(graph: ToolGraph) -> None:
    root = ET.fromstring(graph.to_svg())
    shown = [t.text for t in root.iter(f"{SVG}text")]
    nodes = [
        (rect.get("data-node"), name.text)
        for group in root.iter(f"{SVG}g")
        for rect, name in zip(
            group.findall(f"{SVG}rect"), group.findall(f"{SVG}text"), strict=False
        )
    ]
    for spec in graph.catalog.tools.values():
        assert nodes.count((spec.name, spec.name)) == 1
    said = " ".join(t for t in shown if t)
    for spec in graph.catalog.tools.values():
        for param in spec.params.values():
            if param.is_artefact:
                assert param.name + ("" if param.required else "?") in said


def test_no_box_lies_over_another_and_frames_hold_their_own(graph: ToolGraph) -> None:
    layout = lay_out(graph.catalog, graph.ready)
    inner = {id(i) for b in layout.boxes for i in b.inside}
    for a, b in combinations([b for b in layout.boxes if id(b) not in inner], 2):
        apart = (
            a.x + a.width <= b.x
            or b.x + b.width <= a.x
            or a.y + a.height <= b.y
            or b.y + b.height <= a.y
        )
        assert apart, (a.key, b.key)
    for box in layout.boxes:
        assert box.x >= 0
        assert 0 <= box.y
        assert box.y + box.height <= layout.height + 0.01
        for inside in box.inside:
            assert box.x < inside.x
            assert inside.x + inside.width < box.x + box.width
            assert box.y < inside.y
            assert inside.y + inside.height < box.y + box.height
        for one, two in combinations(box.inside, 2):
            assert one.y + one.height <= two.y or two.y + two.height <= one.y


def test_every_text_fits_its_box(graph: ToolGraph) -> None:
    for box in lay_out(graph.catalog, graph.ready).boxes:
        assert len(box.title) * NAME_PX * EM < box.width
        for line in box.lines:
            assert len(line) * SMALL_PX * EM < box.width


def test_lines_join_neighbours_from_left_to_right(graph: ToolGraph) -> None:
    layout = lay_out(graph.catalog, graph.ready)
    column = {id(b): at for at, c in enumerate(layout.columns) for o in c for b in (o, *o.inside)}
    assert layout.lines
    for source, target in layout.lines:
        assert column[id(target)] == column[id(source)] + 1
        assert source.x + source.width < target.x


def test_the_picture_holds_everything(graph: ToolGraph) -> None:
    root = ET.fromstring(graph.to_svg())
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for rect in root.iter(f"{SVG}rect"):
        assert float(rect.get("x", 0)) + float(rect.attrib["width"]) <= width
        assert float(rect.get("y", 0)) + float(rect.attrib["height"]) <= height


def test_what_is_not_ready_or_edits_is_told_by_more_than_colour() -> None:
    svg = ToolGraph(SMALL, lambda s: "package torch is absent" if s.name == "cut" else "").to_svg()
    group = {g.findtext(f"{SVG}text"): g for g in ET.fromstring(svg).iter(f"{SVG}g")}
    dashed = [n for n, g in group.items() if g.find(f"{SVG}rect").get("stroke-dasharray")]  # type: ignore[union-attr]
    assert dashed == ["cut"]
    words = [t.text for t in group["cut"].iter(f"{SVG}text")]
    assert any("✕ not ready: package torch" in (w or "") for w in words)
    edits = [n for n, g in group.items() if any(t.text == "✎ edit" for t in g.iter(f"{SVG}text"))]
    assert edits == ["blur"]
    assert "5 tools, 4 ready here" in svg


def test_an_abstract_class_frames_what_fits_it() -> None:
    (frame,) = [b for b in lay_out(SMALL, lambda s: "").boxes if b.inside]
    assert (frame.title, [b.title for b in frame.inside]) == (
        "any placed thing",
        ["boxes", "masks"],
    )


def test_names_and_reasons_are_escaped() -> None:
    svg = ToolGraph(SMALL, lambda s: '<script>&"\x00\x1b').to_svg()
    assert "<script" not in svg
    assert not re.search(r"[\x00-\x08\x0b-\x1f]", svg)
    assert "Find &lt;things&gt; &amp;" in svg
    ET.fromstring(svg)


def test_dark_text_on_light_boxes() -> None:
    def light(colour: str) -> float:
        return sum(int(colour[i : i + 2], 16) for i in (1, 3, 5)) / 765

    svg = ToolGraph(SMALL, lambda s: "x" if s.name == "cut" else "").to_svg()
    style = ET.fromstring(svg).findtext(f"{SVG}style") or ""
    assert all(light(c) < 0.4 for c in re.findall(r"fill: (#\w{6})", style))
    fills = [r.attrib["fill"] for r in ET.fromstring(svg).iter(f"{SVG}rect")]
    assert all(light(c) > 0.88 for c in fills)


def test_an_empty_catalogue_is_still_a_picture() -> None:
    assert ET.fromstring(ToolGraph(Catalog({}, {})).to_svg()).tag == f"{SVG}svg"


def test_tools_that_need_one_another_are_drawn_all_the_same() -> None:
    @tool()
    def egg(ctx: ToolContext, table: Table) -> Number:
        """From a hen."""
        raise NotImplementedError

    @tool()
    def hen(ctx: ToolContext, number: Number) -> Table:
        """From an egg."""
        raise NotImplementedError

    shown = [t.text for t in texts(ToolGraph(catalog(egg, hen)).to_svg())]
    assert shown.count("egg") == shown.count("hen") == 1
