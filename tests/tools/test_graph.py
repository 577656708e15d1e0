"""The tool graph: offer, fill, insert, refuse; on a small catalogue and on the real one."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
from fake_tools import EVERY, catalog, detect, read_fields, read_text, redact

from tools.catalog import ToolSpec, discover, tool
from tools.context import ToolContext
from tools.graph import ToolGraph
from tools.graph_search import passes_on
from tools.types import (
    Boxes,
    Clip,
    Codes,
    Image,
    Keypoints,
    Masks,
    Number,
    Placed,
    Points,
    Table,
    TextSpans,
)

GRAPH = ToolGraph(catalog(*EVERY))


def spec(name: str) -> ToolSpec:
    return GRAPH.catalog.tools[name]


def names(specs: Iterable[ToolSpec] | None) -> list[str] | None:
    return None if specs is None else [s.name for s in specs]


def picture(value: int = 0, size: int = 8) -> Image:
    return Image.as_root(np.full((size, size, 3), value, np.uint8))


def boxes(image: Image) -> Boxes:
    return Boxes(image.frame, np.array([[1, 1, 4, 4]], np.float32), ("x",), np.ones(1, np.float32))


def corner(image: Image) -> Image:
    return Image(image.pixels[:4, :4].copy(), image.frame, image.to_root)


# Edges


def test_edges_follow_types_and_subclasses() -> None:
    for kind in (Boxes, Masks, TextSpans, Codes, Keypoints, Placed):
        assert GRAPH.graph.edges[kind, "redact"]["params"] == ("region",)
    assert GRAPH.graph.edges[Image, "compare"]["params"] == ("first", "second")
    assert not GRAPH.graph.has_edge(Boxes, "read_fields")
    assert not GRAPH.graph.has_edge(Placed, "read_fields")  # any placed thing need not be text
    assert list(GRAPH.graph.successors("read_fields")) == [Table]


# Offer


@pytest.mark.parametrize(
    ("held", "some", "none"),
    [
        ({Image}, {"read_text", "detect", "crop", "compare"}, {"redact", "count", "trace"}),
        ({Codes}, {"count", "pick"}, {"redact", "read_fields", "join"}),
        ({Image, TextSpans}, {"redact", "read_fields"}, {"join"}),
        ([Image], {"crop"}, {"compare"}),  # in a list each entry serves one parameter
        ([Image, Image], {"compare"}, {"redact"}),
        (set(), set(), {"crop", "count"}),
    ],
)
def test_offer(held: Iterable[type], some: set[str], none: set[str]) -> None:
    offered = {s.name for s in GRAPH.offer(held)}
    assert some <= offered
    assert not none & offered


def test_offer_leaves_out_what_is_not_ready() -> None:
    graph = ToolGraph(GRAPH.catalog, lambda s: "no model" if s.needs else "")
    assert {"read_text", "crop"} <= {s.name for s in graph.offer({Image})}
    assert "detect" not in {s.name for s in graph.offer({Image})}


# Fill


def test_fill_puts_in_the_only_thing_that_fits_and_keeps_the_rest() -> None:
    image = picture()
    held = {"img1": image, "boxes1": boxes(image)}
    given = {"how": "blur"}
    assert GRAPH.fill(spec("redact"), given, held) == {
        "how": "blur",
        "image": "img1",
        "region": "boxes1",
    }
    assert given == {"how": "blur"}


def test_fill_leaves_optional_parameters_alone() -> None:
    image = picture()
    assert GRAPH.fill(spec("read_text"), {}, {"img1": image, "boxes1": boxes(image)}) == {
        "image": "img1"
    }


def test_fill_does_not_guess_among_several() -> None:
    image = picture()
    held = {"img1": image, "boxes1": boxes(image), "boxes2": boxes(image)}
    assert GRAPH.fill(spec("redact"), {}, held) == {"image": "img1"}
    two = {"img1": picture(1), "img2": picture(2)}
    assert GRAPH.fill(spec("crop"), {}, two) == {}


def test_fill_takes_two_pictures_for_a_comparison_in_their_order() -> None:
    held = {"img1": picture(1), "img2": picture(2)}
    assert GRAPH.fill(spec("compare"), {}, held) == {"first": "img1", "second": "img2"}
    assert GRAPH.fill(spec("compare"), {"second": "img1"}, held) == {
        "first": "img2",
        "second": "img1",
    }
    assert GRAPH.fill(spec("compare"), {}, {"img1": picture(1)}) == {}


def test_fill_keeps_to_the_root_of_what_is_given() -> None:
    one, two = picture(1), picture(2)
    held = {"img1": one, "img2": two, "boxes1": boxes(one), "boxes2": boxes(two)}
    assert GRAPH.fill(spec("redact"), {"image": "img2"}, held)["region"] == "boxes2"
    assert GRAPH.fill(spec("redact"), {"region": "boxes1"}, held)["image"] == "img1"
    only_other = {"img1": one, "img2": two, "boxes2": boxes(two)}
    assert "region" not in GRAPH.fill(spec("redact"), {"image": "img1"}, only_other)


def test_fill_goes_on_with_the_newest_edit_but_not_with_a_crop() -> None:
    first = picture()
    edit = first.with_pixels(np.full((8, 8, 3), 9, np.uint8))
    held = {"img1": first, "img2": edit, "img3": corner(first)}
    assert GRAPH.fill(spec("crop"), {}, held) == {"image": "img2"}
    assert GRAPH.fill(spec("crop"), {}, {"img1": corner(first), "img2": corner(first)}) == {}


def test_fill_takes_the_result_of_a_call_to_come() -> None:
    assert GRAPH.fill(spec("read_fields"), {}, {"img1": picture(), "$a": TextSpans}) == {
        "text": "$a"
    }
    image = picture()
    assert GRAPH.fill(spec("redact"), {}, {"img1": image, "boxes1": boxes(image), "$a": Boxes}) == {
        "image": "img1"
    }


# Insert and refuse


def test_insert_finds_the_plain_producer() -> None:
    assert names(GRAPH.insert(spec("read_fields"), "text", {Image})) == ["read_text"]


def test_insert_does_not_choose_between_equals_nor_invent_words() -> None:
    assert GRAPH.insert(spec("redact"), "region", {Image}) == []  # text, codes or masks?
    only = ToolGraph(catalog(detect, redact))
    assert only.insert(only.catalog.tools["redact"], "region", {Image}) == []  # which phrases?


def test_insert_needs_a_ready_tool_and_its_input() -> None:
    assert GRAPH.insert(spec("read_fields"), "text", set()) == []
    graph = ToolGraph(GRAPH.catalog, lambda s: "no OCR" if s.name == "read_text" else "")
    assert graph.insert(spec("read_fields"), "text", {Image}) == []


def test_insert_prefers_the_tool_that_only_looks() -> None:
    @tool(effect="edit")
    def stamp(ctx: ToolContext, image: Image) -> TextSpans:
        """Edit."""
        raise NotImplementedError

    graph = ToolGraph(catalog(stamp, read_text, read_fields))
    assert names(graph.insert(spec("read_fields"), "text", {Image})) == ["read_text"]


def test_insert_makes_a_chain() -> None:
    @tool()
    def sum_up(ctx: ToolContext, table: Table) -> Number:
        """Sum."""
        raise NotImplementedError

    graph = ToolGraph(catalog(sum_up, read_text, read_fields))
    chain = graph.insert(graph.catalog.tools["sum_up"], "table", {Image})
    assert names(chain) == ["read_text", "read_fields"]


@pytest.mark.parametrize(
    ("name", "param", "words"),
    [
        (
            "redact",
            "region",
            "`region` wants a placed thing (boxes, masks, text, codes); "
            "made by detect, read_codes, read_text, segment",
        ),
        ("read_fields", "text", "`text` wants text; made by read_text"),
        ("crop", "image", "`image` wants a picture; no tool makes it, it must be given"),
        ("trace", "points", "`points` wants points; no tool makes it, it must be given"),
    ],
)
def test_refusal(name: str, param: str, words: str) -> None:
    assert GRAPH.refusal(spec(name), param) == words


def test_refusal_says_why_the_makers_are_not_ready() -> None:
    graph = ToolGraph(GRAPH.catalog, lambda s: "no OCR" if s.name == "read_text" else "")
    assert graph.refusal(spec("read_fields"), "text") == (
        "`text` wants text; made by read_text (no OCR), not ready here"
    )


def test_producers_look_before_they_edit_and_choosers_make_nothing() -> None:
    assert names(GRAPH.producers(Placed)) == ["detect", "read_codes", "read_text", "segment"]
    assert names(GRAPH.producers(Image)) == ["crop", "redact"]
    assert GRAPH.producers(Points) == []


# The real catalogue


def test_the_real_tools_hang_together() -> None:
    graph = ToolGraph(discover())
    reachable: set[type] = {Image, Points, Clip}  # what a person hands over
    for _ in range(len(graph.catalog.tools)):
        reachable |= {s.returns for s in graph.offer(reachable)}
    fire = {s.name for s in graph.offer(reachable)}
    assert fire == set(graph.catalog.tools), "a tool wants what nothing makes"


@pytest.mark.parametrize("name", list(discover().tools))
def test_every_real_tool_is_on_a_path_from_a_picture(name: str) -> None:
    graph = ToolGraph(discover())
    one = graph.catalog.tools[name]
    handed = passes_on(one)
    wanted = handed.type if handed else one.returns
    chain = graph.path({Image, Clip}, wanted, via=(name,))
    assert chain is not None
    assert chain[-1].name == name or one in chain


@pytest.mark.parametrize("name", list(discover().tools))
def test_every_required_artefact_of_a_real_tool_can_be_refused_in_words(name: str) -> None:
    graph = ToolGraph(discover())
    one = graph.catalog.tools[name]
    for param in graph.missing(one, {}):
        words = graph.refusal(one, param.name)
        assert words.startswith(f"`{param.name}` wants ")
        assert "\n" not in words
