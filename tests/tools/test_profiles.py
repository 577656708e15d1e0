"""Profiles: order, budget, choice by machine, and clear refusals."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import profiles
from tools.catalog import Catalog, ModelSpec, ToolSpec, discover, tool
from tools.context import ToolContext
from tools.errors import ConfigError
from tools.profiles import Machine, Profile, load_profile, look, shipped
from tools.types import Boxes, Image


def model(name: str, ability: str = "detect", **more: object) -> ModelSpec:
    return ModelSpec(name, ability, "MIT", load=lambda: None, version="1", **more)  # type: ignore[arg-type]


@tool(needs="detect")
def find(ctx: ToolContext, image: Image) -> Boxes:
    """Find."""
    raise NotImplementedError


@tool(needs="depth")
def far(ctx: ToolContext, image: Image) -> Boxes:
    """Far."""
    raise NotImplementedError


@tool()
def plain(ctx: ToolContext, image: Image) -> Boxes:
    """Plain."""
    raise NotImplementedError


TOOLS: dict[str, ToolSpec] = {f.__name__: f.spec for f in (find, far, plain)}  # type: ignore[attr-defined]
MODELS = {
    m.name: m
    for m in [
        model("faces"),
        model("people"),
        model("yolo", modules=("no_such_module_x",)),
        model("ocr", "read_text"),
    ]
}
CATALOG = Catalog(TOOLS, MODELS)
BARE = Machine(0, lambda module: False)


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, "utf-8")
    return path


def names(profile: Profile, ability: str) -> list[str]:
    return [m.name for m in profile.models(CATALOG, ability)]


@pytest.mark.parametrize(
    ("line", "order"),
    [
        ("", ["faces", "people", "yolo"]),  # not listed: all by name
        ('detect = ["*"]', ["faces", "people", "yolo"]),
        ('detect = ["people"]', ["people"]),  # only those named
        ('detect = ["yolo", "*"]', ["yolo", "faces", "people"]),
        ('detect = ["*", "faces"]', ["people", "yolo", "faces"]),  # last resort
        ("detect = []", []),  # switched off
    ],
)
def test_the_order_of_models(tmp_path: Path, line: str, order: list[str]) -> None:
    path = write(tmp_path, f"budget_mb = 10\n[models]\n{line}\n")
    profile = load_profile(path, catalog=CATALOG)
    assert names(profile, "detect") == order
    assert names(profile, "read_text") == ["ocr"]
    assert (profile.name, profile.budget_mb) == ("mine", 10)


def test_a_path_may_be_a_string(tmp_path: Path) -> None:
    assert load_profile(str(write(tmp_path, "budget_mb = 7")), catalog=CATALOG).budget_mb == 7


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("budget = 5", "unknown key 'budget', did you mean 'budget_mb'?"),
        ("", "budget_mb: Field required"),
        ("budget_mb = 0", "budget_mb: Input should be greater than 0"),
        ("budget_mb = inf", "budget_mb: Input should be a finite number"),
        ("budget_mb = 5\n[needs]\ngpu = 1", "unknown key 'needs.gpu', did you mean 'gpu_mb'?"),
        ("budget_mb = 5\n[models]\ndetct = []", "unknown ability 'detct'. did you mean 'detect'"),
        (
            'budget_mb = 5\n[models]\ndetect = ["face"]',
            "unknown model 'face' for 'detect'. did you mean 'faces'?",
        ),
        (
            'budget_mb = 5\n[models]\ndetect = ["ocr"]',
            "model 'ocr' does 'read_text', not 'detect'",
        ),
        ('budget_mb = 5\n[models]\ndetect = ["faces", "faces"]', "'faces' stands twice"),
        ('budget_mb = 5\n[models]\ndetect = "faces"', "models.detect: "),
        ("budget_mb = ", "is not TOML"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place_and_a_near_name(
    tmp_path: Path, text: str, said: str
) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_profile(path, catalog=CATALOG)
    line = caught.value.line()
    assert said in line
    assert str(path) in line
    assert "\n" not in line


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load_profile(tmp_path / "absent.toml", catalog=CATALOG)
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="it is not UTF-8 text"):
        load_profile(tmp_path / "binary.toml", catalog=CATALOG)
    with pytest.raises(ConfigError, match="cannot be read"):
        load_profile(tmp_path, catalog=CATALOG)


def test_an_unknown_name_gets_a_near_one() -> None:
    with pytest.raises(ConfigError, match="there is no profile 'embeded'") as caught:
        load_profile("embeded", catalog=CATALOG)
    assert "'embedded'" in caught.value.hint


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of shipped profiles with different needs."""
    files = {
        "bare": "budget_mb = 1",
        "torch": 'budget_mb = 2\n[needs]\nmodules = ["torch"]',
        "mid": 'budget_mb = 3\n[needs]\ngpu_mb = 8000\nmodules = ["torch"]',
        "big": 'budget_mb = 4\n[needs]\ngpu_mb = 80000\nmodules = ["torch"]',
    }
    for name, text in files.items():
        (tmp_path / f"{name}.toml").write_text(text, "utf-8")
    monkeypatch.setattr(profiles, "FOLDER", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("gpu_mb", "modules", "name"),
    [
        (0, set(), "bare"),
        (24000, set(), "bare"),  # a GPU without torch is of no use
        (0, {"torch"}, "torch"),
        (24000, {"torch"}, "mid"),
        (81000, {"torch"}, "big"),
    ],
)
@pytest.mark.usefixtures("shelf")
def test_auto_takes_the_most_demanding_profile_that_is_met(
    gpu_mb: float, modules: set[str], name: str
) -> None:
    machine = Machine(gpu_mb, modules.__contains__)
    assert load_profile("auto", catalog=CATALOG, machine=machine).name == name


def test_auto_is_embedded_on_a_bare_machine() -> None:
    assert load_profile(machine=BARE).name == "embedded"


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_profile_fits_the_real_catalogue(name: str) -> None:
    profile = load_profile(name)
    for ability in profile.order:
        for model in profile.models(discover(), ability)[:1]:
            assert model.memory_mb <= profile.budget_mb, ability


def test_embedded_has_room_for_all_of_its_models_and_leaves_none_out() -> None:
    profile, catalog = load_profile("embedded"), discover()
    abilities = {m.ability for m in catalog.models.values()}
    used = {m.name: m for a in abilities for m in profile.models(catalog, a)}
    core = {m.name for m in catalog.models.values() if not m.extra}
    assert core <= set(used)
    assert sum(used[name].memory_mb for name in core) <= profile.budget_mb


@pytest.mark.parametrize(
    ("answer", "gpu_mb"),
    [("24564\n81559\n", 81559.0), ("", 0.0), ("No devices were found", 0.0)],
)
def test_the_gpu_is_asked_without_importing_a_framework(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, gpu_mb: float
) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\nprintf '{answer}'\n", "utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert look().gpu_mb == gpu_mb


def test_a_machine_without_a_driver_has_no_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    machine = look()
    assert machine.gpu_mb == 0
    assert machine.modules("json")
    assert not machine.modules("no_such_module_x")


def test_why_a_tool_is_not_ready() -> None:
    everything = Profile("p", 1)
    assert everything.why_not(CATALOG, TOOLS["plain"]) == ""
    assert everything.why_not(CATALOG, TOOLS["find"]) == ""
    assert everything.why_not(CATALOG, TOOLS["far"]) == "profile 'p' has no model for 'depth'"
    absent = Profile("p", 1, {"detect": ("yolo",)})
    said = "yolo: package no_such_module_x is not installed"
    assert absent.why_not(CATALOG, TOOLS["find"]) == said
    ready = absent.readiness(CATALOG)
    assert [bool(ready(t)) for t in TOOLS.values()] == [True, True, False]
