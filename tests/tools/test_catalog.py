"""How tools and models are declared: what is refused at import, what is validated at the call."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pytest
from pydantic import Field

import tools.experts
from tools.catalog import Catalog, ModelSpec, ToolSpec, discover, tool
from tools.context import ToolContext
from tools.errors import BadArguments, SpecError
from tools.types import ARTEFACTS, Boxes, Frame, Image, Number, Placed, Text


def spec_of(function: Any) -> ToolSpec:
    return function.spec  # type: ignore[no-any-return]


@tool(effect="edit", needs="blurring", verbs=("blur",), nouns=("face",))
def blur(
    ctx: ToolContext,
    image: Image,
    region: Placed | None = None,
    how: Literal["soft", "hard"] = "soft",
    share: Annotated[float, Field(ge=0, le=1, description="how much")] = 0.5,
    names: list[str] = [],  # noqa: B006 - pydantic copies it
    times: int = 1,
) -> Image:
    """Make a part unreadable.

    More words.
    """
    return image


BLUR = spec_of(blur)
PICTURE = Image.as_root(np.zeros((4, 4, 3), np.uint8))
BOX = Boxes(PICTURE.frame, np.array([[0, 0, 2, 2]], np.float32), ("a",), np.ones(1, np.float32))


# Reading the declaration


def test_a_declaration_is_read_whole() -> None:
    assert (BLUR.name, BLUR.returns, BLUR.effect, BLUR.needs) == (
        "blur",
        Image,
        "edit",
        "blurring",
    )
    assert (BLUR.verbs, BLUR.nouns) == (("blur",), ("face",))
    assert BLUR.summary == "Make a part unreadable."
    assert BLUR.doc.endswith("More words.")
    assert list(BLUR.params) == ["image", "region", "how", "share", "names", "times"]
    assert blur(ToolContext(None), PICTURE) is PICTURE  # type: ignore[arg-type]


def test_parameters_say_what_they_take() -> None:
    params = BLUR.params
    assert [n for n, p in params.items() if p.required] == ["image"]
    assert [n for n, p in params.items() if p.is_artefact] == ["image", "region"]
    assert params["how"].choices == ("soft", "hard")
    assert (params["how"].type, params["share"].type, params["names"].type) == (str, float, list)
    assert (params["share"].default, params["share"].description) == (0.5, "how much")
    assert params["region"].takes(Boxes)
    assert not params["region"].takes(Image)
    assert not params["how"].takes(str)


def test_a_choice_may_be_left_empty() -> None:
    @tool()
    def fn(ctx: ToolContext, how: Literal["a", "b"] | None = None) -> Number:
        """Choose."""
        raise NotImplementedError

    assert spec_of(fn).params["how"].choices == ("a", "b")
    assert spec_of(fn).check({"how": None}) == {"how": None}


# Refused at import


def _no_doc(ctx: ToolContext) -> Number: ...  # type: ignore[empty-body]
def _blank_doc(ctx: ToolContext) -> Number:  # type: ignore[empty-body]
    """ """


def _no_context() -> Number:  # type: ignore[empty-body]
    """Say."""


def _context_later(image: Image, ctx: ToolContext) -> Number:  # type: ignore[empty-body]
    """Say."""


def _untyped(ctx: ToolContext, image) -> Number:  # type: ignore[no-untyped-def,empty-body]
    """Say."""


def _no_return(ctx: ToolContext):  # type: ignore[no-untyped-def]
    """Say."""


def _plain_return(ctx: ToolContext) -> str:  # type: ignore[empty-body]
    """Say."""


def _list_return(ctx: ToolContext) -> list[Boxes]:  # type: ignore[empty-body]
    """Say."""


def _dict(ctx: ToolContext, options: dict[str, str]) -> Number:  # type: ignore[empty-body]
    """Say."""


def _union(ctx: ToolContext, what: int | str) -> Number:  # type: ignore[empty-body]
    """Say."""


def _array(ctx: ToolContext, xyxy: np.ndarray) -> Number:  # type: ignore[empty-body,type-arg]
    """Say."""


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (_no_doc, "'_no_doc' has no docstring"),
        (_blank_doc, "'_blank_doc' has no docstring"),
        (_no_context, "must take ctx: ToolContext first"),
        (_context_later, "must take ctx: ToolContext first"),
        (_untyped, "parameter 'image' of tool '_untyped' has no type"),
        (_no_return, "must return one artefact type, not None"),
        (_plain_return, "must return one artefact type, not <class 'str'>"),
        (_list_return, "must return one artefact type"),
        (_dict, "parameter 'options' of tool '_dict' has type"),
        (_union, "parameter 'what' of '_union': only X or X | None"),
        (_array, "parameter 'xyxy' of tool '_array' has type"),
    ],
)
def test_a_wrong_declaration_is_refused_at_once(function: Any, said: str) -> None:
    with pytest.raises(SpecError) as caught:
        tool()(function)
    assert said in str(caught.value)
    assert "\n" not in caught.value.line()


# Validated at the call


def test_check_completes_defaults_in_the_order_of_the_signature() -> None:
    args = BLUR.check({"times": "2", "image": PICTURE})
    assert list(args) == list(BLUR.params)
    assert args["image"] is PICTURE
    assert (args["region"], args["how"], args["share"], args["times"]) == (None, "soft", 0.5, 2)


def test_defaults_are_not_shared_between_calls() -> None:
    BLUR.check({"image": PICTURE})["names"].append("x")
    assert BLUR.check({"image": PICTURE})["names"] == []


def test_subclasses_of_a_parameter_are_taken_as_they_are() -> None:
    assert BLUR.check({"image": PICTURE, "region": BOX})["region"] is BOX


FORGED_IMAGE = {
    "pixels": np.zeros((1, 1, 3), np.uint8),
    "frame": Frame("0" * 64, 1, 1),
    "to_root": np.eye(2, 3),
}
FORGED_BOX = {
    "frame": PICTURE.frame,
    "xyxy": np.array([[0, 0, 1, 1]], np.float32),
    "labels": ("a",),
    "scores": np.ones(1, np.float32),
}


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ({"image": FORGED_IMAGE}, "image: Input should be an instance of Image"),
        ({"image": PICTURE, "region": FORGED_BOX}, "region: "),
        ({"image": "img1"}, "image: Input should be an instance of Image"),
        ({"image": None}, "image: Input should be an instance of Image"),
        ({"image": BOX}, "image: Input should be an instance of Image"),
        ({"image": PICTURE, "region": PICTURE}, "region: Input should be an instance of Placed"),
        ({}, "image: Field required"),
        ({"image": PICTURE, "how": "loud"}, "how: Input should be 'soft' or 'hard'"),
        ({"image": PICTURE, "share": 1.01}, "share: Input should be less than or equal to 1"),
        ({"image": PICTURE, "share": -0.01}, "share: Input should be greater than or equal to 0"),
        ({"image": PICTURE, "share": float("nan")}, "share: "),
        ({"image": PICTURE, "times": 1.5}, "times: Input should be a valid integer"),
        ({"image": PICTURE, "names": "face"}, "names: Input should be a valid list"),
        ({"image": PICTURE, "names": [1]}, "names.0: Input should be a valid string"),
        ({"image": PICTURE, "sigma": 3}, "sigma: Extra inputs are not permitted"),
    ],
)
def test_wrong_arguments_are_refused_with_their_name(args: dict[str, Any], said: str) -> None:
    with pytest.raises(BadArguments) as caught:
        BLUR.check(args)
    assert str(caught.value).startswith(f"blur: {said}")
    assert "It takes: image, region, how" in caught.value.line()
    assert "\n" not in caught.value.line()


def test_every_fault_is_listed() -> None:
    with pytest.raises(BadArguments) as caught:
        BLUR.check({"share": 2, "how": "loud"})
    assert {"image", "how", "share"} <= set(str(caught.value).replace(":", "").split())


# Models


def model(**more: Any) -> ModelSpec:
    return ModelSpec("m", "detect", "MIT", load=lambda: None, version="1", **more)


def test_a_model_is_ready_when_its_modules_can_be_imported() -> None:
    assert model().missing() == ""
    assert model(modules=("json", "wave")).missing() == ""
    said = model(modules=("json", "no_such_a", "no_such_b")).missing()
    assert said == "package no_such_a, no_such_b is not installed"


def test_a_model_knows_only_its_labels() -> None:
    assert model().cannot(("zebra",)) == ""
    faces = model(labels=("face", "eye"))
    assert faces.cannot(("face",)) == ""
    assert faces.cannot(()) == ""
    assert faces.cannot(("face", "zebra")) == "knows only face, eye, not zebra"


# The catalogue


def test_an_unknown_tool_gets_a_near_name() -> None:
    catalog = Catalog({"blur": BLUR}, {})
    assert catalog.tool("blur") is BLUR
    with pytest.raises(BadArguments, match="no tool 'blurr'") as caught:
        catalog.tool("blurr")
    assert caught.value.hint == "Did you mean blur?"
    with pytest.raises(BadArguments) as caught:
        catalog.tool("xyzzy")
    assert caught.value.hint == "Known: blur"


@pytest.fixture
def experts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose modules are discovered beside the real experts."""
    monkeypatch.setattr(tools.experts, "__path__", [*tools.experts.__path__, str(tmp_path)])
    discover.cache_clear()
    yield tmp_path
    discover.cache_clear()
    for path in tmp_path.glob("*.py"):
        sys.modules.pop(f"tools.experts.{path.stem}", None)
        vars(tools.experts).pop(path.stem, None)


TOOL = '''
from tools.catalog import tool
from tools.context import ToolContext
from tools.types import Text

@tool()
def {name}(ctx: ToolContext) -> Text:
    """Say."""
    return Text("")
'''


def test_a_tool_is_found_by_lying_in_the_folder(experts: Path) -> None:
    (experts / "zz_new.py").write_text(TOOL.format(name="zz_greet"), "utf-8")
    assert discover().tools["zz_greet"].returns is Text


def test_a_tool_that_is_only_imported_is_not_declared_again(experts: Path) -> None:
    (experts / "zz_one.py").write_text(TOOL.format(name="zz_greet"), "utf-8")
    (experts / "zz_two.py").write_text("from tools.experts.zz_one import zz_greet", "utf-8")
    assert "zz_greet" in discover().tools


def test_two_tools_of_one_name_are_refused(experts: Path) -> None:
    for stem in ("zz_one", "zz_two"):
        (experts / f"{stem}.py").write_text(TOOL.format(name="zz_greet"), "utf-8")
    with pytest.raises(SpecError, match="'zz_greet' is declared twice") as caught:
        discover()
    assert "tools.experts.zz_two" in str(caught.value)


def test_a_wrong_declaration_stops_the_discovery(experts: Path) -> None:
    broken = TOOL.format(name="zz_greet").replace('"""Say."""', "")
    (experts / "zz_bad.py").write_text(broken, "utf-8")
    with pytest.raises(SpecError, match="'zz_greet' has no docstring"):
        discover()


# The real one

ALSO_ASKED = {"repaint", "complete"}
"""Abilities that a tool asks for besides the one it needs, or a planner."""


def test_the_real_catalogue_is_sorted_and_its_abilities_agree() -> None:
    catalog = discover()
    assert list(catalog.tools) == sorted(catalog.tools)
    assert list(catalog.models) == sorted(catalog.models)
    for ability in {a for m in catalog.models.values() for a in m.abilities}:
        assert [m.name for m in catalog.of_ability(ability)] == sorted(
            m.name for m in catalog.models.values() if ability in m.abilities
        )
    wanted = {t.needs for t in catalog.tools.values() if t.needs} | ALSO_ASKED
    brought = {a for m in catalog.models.values() for a in m.abilities}
    assert brought <= wanted, "a model nobody asks"


@pytest.mark.parametrize("name", list(discover().tools))
def test_every_tool_speaks_only_artefacts_and_plain_values(name: str) -> None:
    one = discover().tools[name]
    assert one.returns in (*ARTEFACTS, Placed)
    for param in one.params.values():
        assert param.type in (*ARTEFACTS, Placed, str, int, float, bool, list), param.name
    assert one.summary.endswith((".", "!", "?")) or len(one.summary) < 120
    assert all(word == word.lower() and word.strip() == word for word in one.verbs + one.nouns)


@pytest.mark.parametrize("name", list(discover().models))
def test_every_model_declares_what_it_is(name: str) -> None:
    one = discover().models[name]
    assert one.licence
    assert one.version
    assert one.memory_mb > 0
    assert one.weights_mb >= 0
    assert all(m.isidentifier() for m in one.modules), "top-level import names"
