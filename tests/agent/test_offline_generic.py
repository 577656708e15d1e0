"""A tool nobody told the planner about is reached by its own words, through the graph."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from agent_pictures import boards, receipt

from agent import Agent, Settings
from agent.planners.offline.chains import reach
from agent.planners.offline.words import words_of
from agent.planners.offline.work import Cannot, Ref, Work
from agent.protocol import Left, View
from agent.scene import Scene
from tools.catalog import Catalog, ToolSpec, discover, tool
from tools.context import ToolContext
from tools.geometry import resize
from tools.types import Boxes, Clip, DepthMap, Image, Number, Table, Text, TextSpans


@tool(effect="edit", verbs=("tile",))
def mosaic(ctx: ToolContext, image: Image, blocks: int = 16) -> Image:
    """Turn a picture into a mosaic of square blocks."""
    small = resize(image, (blocks, max(1, blocks * image.height // image.width)))
    return image.with_pixels(resize(small, image.size_wh).pixels)


@tool(verbs=("weigh",), nouns=("wordiness",))
def weigh(ctx: ToolContext, text: TextSpans, fields: Table) -> Number:
    """Letters that were read for each field that was found."""
    letters = sum(len(t) for t in text.texts)
    return Number(letters / max(1, len(fields)), "letters", "wordiness")


@tool(verbs=("fathom",))
def fathom(ctx: ToolContext, depth: DepthMap) -> Number:
    """The largest depth."""
    return Number(float(depth.values.max()))


@tool(verbs=("rewind",))
def rewind(ctx: ToolContext, clip: Clip) -> Number:
    """How long a clip runs."""
    return Number(len(clip.frames) / clip.fps)


@tool(verbs=("sniff for",))
def sniff(ctx: ToolContext, image: Image, scents: list[str]) -> Text:
    """Scents in the air."""
    return Text(" | ".join(scents))


@tool(effect="edit", verbs=("conjure up",))
def conjure(ctx: ToolContext, wish: str, where: Boxes | None = None) -> Text:
    """What is not there yet, in these places where some are given."""
    return Text(f"{wish} in {where.labels if where is not None else 'no place'}")


@tool(verbs=("polish",))
def polish(ctx: ToolContext, image: Image, where: Boxes | None = None) -> Text:
    """What is there, all of it or in these places."""
    return Text(f"polished {len(where) if where is not None else 'all'}")


NEW: tuple[ToolSpec, ...] = tuple(
    f.spec  # type: ignore[attr-defined]
    for f in (mosaic, weigh, fathom, rewind, sniff, conjure, polish)
)


def catalog() -> Catalog:
    known = discover()
    return Catalog({**known.tools, **{spec.name: spec for spec in NEW}}, known.models)


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    folder: Path = tmp_path_factory.mktemp("generic")
    settings = Settings(planner="offline", home=folder, out=folder, remember=False)
    with Agent(settings, catalog=catalog()) as made:
        yield made


def test_a_new_edit_is_reached_by_its_verb(agent: Agent) -> None:
    answer = agent.ask("Please tile the picture", [boards()])
    assert answer.status == "answered"
    assert len(answer.images) == 1


def test_a_new_reading_is_reached_with_all_that_it_needs(agent: Agent) -> None:
    answer = agent.ask("What is the wordiness?", [receipt()])
    assert answer.status == "answered"
    assert "letters" in answer.text


def test_a_list_of_names_is_filled_from_the_things_named(agent: Agent) -> None:
    answer = agent.ask("Sniff for green apples, old cheese and coffee", [boards()])
    assert "green apple | old cheese | coffee" in answer.text


def test_what_need_not_be_there_is_not_looked_for(agent: Agent) -> None:
    """A tool that works on no picture is not handed places in one, however it names things."""
    answer = agent.ask("Conjure up a red circle and a face", [boards()])
    assert "a red circle and a face in no place" in answer.text
    answer = agent.ask("Polish the face", [boards()])
    assert "polished 0" in answer.text


def test_what_no_chain_makes_is_said(agent: Agent) -> None:
    answer = agent.ask("Rewind the picture", [boards()])
    assert answer.status == "cannot"
    assert "'clip'" in answer.text


def test_a_chain_through_a_model_that_is_not_here_names_the_command(agent: Agent) -> None:
    answer = agent.ask("Fathom the picture", [boards()])
    assert answer.status == "cannot"
    assert "`depth`" in answer.text
    assert "`ocelli models pull depth-anything-small`" in answer.text


def work() -> Work:
    view = View(
        "q", ("img1",), (), (), Scene(), (), catalog(), (), Left(1, 1, 1), lambda h: boards()
    )  # type: ignore[arg-type,return-value]
    return Work(view)


def test_the_chain_is_asked_for_as_a_whole() -> None:
    asked = work()
    words = words_of(asked.view.catalog)
    reach(asked, words.graph, Ref("img1", "", "img1"), NEW[1])
    assert [call.tool for call in asked.wanted][-1] == "weigh"
    assert "read_text" in [call.tool for call in asked.wanted]


def test_no_chain_is_no_plan() -> None:
    asked = work()
    words = words_of(asked.view.catalog)
    with pytest.raises(Cannot, match="clip"):
        reach(asked, words.graph, Ref("img1", "", "img1"), NEW[3])
