"""The search for chains of tools: by hand on a small catalogue, against brute force on random ones."""

from __future__ import annotations

import inspect
from collections.abc import Iterable

import pytest
from fake_tools import EVERY, catalog
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.catalog import Catalog, ToolSpec, tool
from tools.context import ToolContext
from tools.errors import BadArguments
from tools.graph import ToolGraph
from tools.types import (
    Artefact,
    Boxes,
    Image,
    Labels,
    Masks,
    Number,
    Placed,
    Points,
    Table,
    Text,
    TextSpans,
)

GRAPH = ToolGraph(catalog(*EVERY))


def spec(name: str) -> ToolSpec:
    return GRAPH.catalog.tools[name]


def names(specs: Iterable[ToolSpec] | None) -> list[str] | None:
    return None if specs is None else [s.name for s in specs]


@pytest.mark.parametrize(
    ("held", "wanted", "via", "chain"),
    [
        ({Image}, Image, (), []),  # there already
        ({Image}, Table, (), ["compare"]),
        ({Image}, Table, ("read_fields",), ["read_text", "read_fields"]),
        ({Image}, Number, ("detect",), ["detect", "count"]),
        ({Image}, Image, ("detect",), ["detect", "crop"]),  # the boxes must be used
        ({Image}, Image, ("detect", "redact"), ["detect", "redact"]),
        ({Image}, Text, (), ["read_codes", "segment", "join"]),  # two inputs, two makers
        ({Image}, Table, ("pick", "read_fields"), ["read_text", "pick", "read_fields"]),
        (
            {Image},
            Table,
            ("read_text", "pick", "read_fields"),
            ["read_text", "pick", "read_fields"],
        ),
        ({Image, TextSpans}, Table, ("read_fields",), ["read_fields"]),
        ({Image}, Labels, (), None),
        ({Points}, Labels, (), ["trace"]),
        (set(), Number, (), None),
        ({Boxes}, TextSpans, ("pick",), None),  # choosing among boxes gives boxes
        ({Image}, Image, ("crop", "crop"), ["crop", "crop"]),
        # compare makes a table too, but would leave the codes unused
        ({Image}, Table, ("read_codes",), ["read_codes", "crop", "compare"]),
    ],
)
def test_path(held: set[type], wanted: type, via: tuple[str, ...], chain: list[str] | None) -> None:
    assert names(GRAPH.path(held, wanted, via=via)) == chain


def test_path_refuses_an_unknown_tool_and_avoids_one_that_is_not_ready() -> None:
    with pytest.raises(BadArguments, match="no tool 'redac'") as caught:
        GRAPH.path({Image}, Image, via=("redac",))
    assert "redact" in caught.value.hint
    graph = ToolGraph(GRAPH.catalog, lambda s: "no model" if s.name == "detect" else "")
    assert graph.path({Image}, Boxes) is None


KINDS: tuple[type[Artefact], ...] = (Image, Boxes, Masks, TextSpans, Table, Number, Text)


def _made(index: int, wants: tuple[type, ...], gives: type[Artefact]) -> ToolSpec:
    def fn(ctx: ToolContext) -> Artefact:
        """Made up."""
        raise NotImplementedError

    fn.__name__ = f"t{index:02d}"
    params = [inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
    hints: dict[str, type] = {"ctx": ToolContext, "return": gives}
    for at, kind in enumerate(wants):
        params.append(inspect.Parameter(f"p{at}", inspect.Parameter.POSITIONAL_OR_KEYWORD))
        hints[f"p{at}"] = kind
    fn.__signature__ = inspect.Signature(params)  # type: ignore[attr-defined]
    fn.__annotations__ = hints
    return tool()(fn).spec  # type: ignore[attr-defined,no-any-return]


@st.composite
def catalogs(draw: st.DrawFn) -> Catalog:
    kind = st.sampled_from(KINDS)
    wants = st.lists(st.one_of(kind, st.just(Placed)), min_size=1, max_size=2).map(tuple)
    rows = draw(st.lists(st.tuples(wants, kind), min_size=1, max_size=7))
    specs = [_made(i, w, g) for i, (w, g) in enumerate(rows)]
    return Catalog({s.name: s for s in specs}, {})


def _can(held: frozenset[type], spec: ToolSpec) -> bool:
    return all(any(p.takes(k) for k in held) for p in spec.params.values())


def _shortest(tools: list[ToolSpec], held: frozenset[type], wanted: type) -> int | None:
    """Breadth first over what is held, with no regard to who uses what."""
    now, seen, length = {held}, {held}, 0
    while now:
        if any(issubclass(k, wanted) for have in now for k in have):
            return length
        after = {have | {t.returns} for have in now for t in tools if _can(have, t)}
        now, length = after - seen, length + 1
        seen |= now
    return None


@settings(deadline=None, max_examples=40)
@given(catalogs(), st.sets(st.sampled_from(KINDS), max_size=2), st.sampled_from([*KINDS, Placed]))
def test_a_path_is_sound_and_as_short_as_any(made: Catalog, held: set[type], wanted: type) -> None:
    chain = ToolGraph(made).path(held, wanted)
    assert (None if chain is None else len(chain)) == _shortest(
        list(made.tools.values()), frozenset(held), wanted
    )
    if chain is None:
        return
    have = frozenset(held)
    for one in chain:
        assert _can(have, one)
        have |= {one.returns}
    assert any(issubclass(k, wanted) for k in have)


@settings(deadline=None, max_examples=40)
@given(
    catalogs(),
    st.sets(st.sampled_from(KINDS), min_size=1, max_size=2),
    st.sampled_from([*KINDS, Placed]),
    st.data(),
)
def test_looking_ahead_changes_no_length(
    made: Catalog, held: set[type], wanted: type, data: st.DataObject
) -> None:
    via = data.draw(st.lists(st.sampled_from(list(made.tools)), min_size=1, max_size=2))
    found = ToolGraph(made).path(held, wanted, via=via)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tools.graph_search._Goal.least", lambda self, state: 0)
        patch.setattr("tools.graph_search._Goal.is_possible", lambda self, held: True)
        patch.setattr("tools.graph_search.DEPTH", 4)
        blind = ToolGraph(made).path(held, wanted, via=via)
    assert (found and len(found)) == (blind and len(blind))
    if found:
        left = iter(s.name for s in found)
        assert all(name in left for name in via)
