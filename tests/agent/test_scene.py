from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from loop_fakes import boxes, codes, picture, spans

from agent.protocol import Call, Result
from agent.scene import Scene
from tools.types import Artefact, Keypoints, Labels, Masks, Number

IMAGE = picture(200, 100)
OTHER = picture(200, 100, seed=1)
PICTURES = {IMAGE.frame.root: "img1", OTHER.frame.root: "img2"}


def result(
    handle: str, artefact: Artefact, tool: str = "detect", model: str = "m", **args: Any
) -> Result:
    return Result(Call(id="a", tool=tool, args=args), handle, artefact, model=model)


def scene_of(*results: Result) -> Scene:
    scene = Scene()
    for one in results:
        scene = scene.add(one, pictures=PICTURES)
    return scene


FIRST = ("face", 10, 10, 50, 50)


@pytest.mark.parametrize(
    ("second", "entities"),
    [
        (("face", 12, 11, 51, 50), 1),  # same place, same name
        (("human faces", 12, 11, 51, 50), 1),  # a synonym in the plural
        (("face", 100, 10, 140, 50), 2),  # elsewhere
        (("face", 35, 10, 75, 50), 2),  # overlaps too little
        (("dog", 10, 10, 50, 50), 1),  # same place, other name
        (("dog", 10, 10, 50, 64), 1),  # IoU 0.74, other name
        (("dog", 10, 10, 50, 75), 2),  # IoU 0.62: a name of its own
    ],
)
def test_boxes_of_one_thing_become_one_entity(second: tuple[Any, ...], entities: int) -> None:
    scene = scene_of(
        result("boxes1", boxes(IMAGE.frame, FIRST)),
        result("boxes2", boxes(IMAGE.frame, second), tool="second", model="other"),
    )
    assert len(scene.entities) == entities
    witnesses = scene.entities[0].witnesses
    assert len(witnesses) == (2 if entities == 1 else 1)


def test_another_name_for_the_same_place_is_kept_in_words() -> None:
    scene = scene_of(
        result("boxes1", boxes(IMAGE.frame, FIRST)),
        result("boxes2", boxes(IMAGE.frame, ("dog", 10, 10, 50, 50))),
    )
    assert scene.entities[0].label == "face"
    assert ("also called", "dog") in scene.entities[0].attributes


def test_two_rows_of_one_artefact_stay_two() -> None:
    scene = scene_of(
        result("boxes1", boxes(IMAGE.frame, FIRST, ("face", 11, 11, 50, 50))),
        result("boxes2", boxes(IMAGE.frame, FIRST, ("face", 11, 11, 50, 50))),
    )
    assert [e.id for e in scene.entities] == [1, 2]
    assert scene.numbers("boxes2") == (1, 2)


def test_chosen_rows_make_no_new_entity() -> None:
    scene = scene_of(
        result("boxes1", boxes(IMAGE.frame, FIRST, ("face", 100, 10, 140, 50))),
        result("boxes2", boxes(IMAGE.frame, ("face", 100, 10, 140, 50)), tool="pick", model=""),
    )
    assert len(scene.entities) == 2
    assert scene.numbers("boxes2") == (2,)
    assert scene.numbers("boxes1", (1,)) == (2,)


def test_same_place_in_another_picture_is_another_thing() -> None:
    scene = scene_of(
        result("boxes1", boxes(IMAGE.frame, FIRST)), result("boxes2", boxes(OTHER.frame, FIRST))
    )
    assert [e.image for e in scene.entities] == ["img1", "img2"]


@pytest.mark.parametrize(
    ("second", "entities"),
    [
        (("TOTAL 12.50", 20, 20, 120, 40), 1),
        (("T0TAL 12.50", 21, 20, 119, 41), 1),  # misread
        (("TOTAL 12.5", 20, 20, 70, 40), 1),  # the same line, cut short
        (("SUBTOTAL 9", 20, 60, 120, 80), 2),
        (("Thank you", 20, 20, 60, 40), 2),  # within the line, another text
    ],
)
def test_readings_of_one_line_become_one_entity(second: tuple[Any, ...], entities: int) -> None:
    scene = scene_of(
        result("text1", spans(IMAGE.frame, ("TOTAL 12.50", 20, 20, 120, 40)), tool="read_text"),
        result("text2", spans(IMAGE.frame, second), tool="read_text"),
    )
    assert len(scene.entities) == entities


@pytest.mark.parametrize("text_first", [True, False])
def test_text_inside_a_thing_hangs_on_it(text_first: bool) -> None:
    sign = result("boxes1", boxes(IMAGE.frame, ("sign", 10, 10, 90, 90)))
    text = result("text1", spans(IMAGE.frame, ("STOP", 30, 30, 70, 50)), tool="read_text")
    scene = scene_of(*([text, sign] if text_first else [sign, text]))
    thing = next(e for e in scene.entities if e.kind == "thing")
    assert thing.attributes == (("text", "STOP"),)


def test_mask_without_a_name_joins_its_box() -> None:
    mask = np.zeros((1, 100, 200), np.bool_)
    mask[0, 12:50, 10:49] = True
    masks = Masks(IMAGE.frame, mask, ("region",), np.ones(1, np.float32))
    scene = scene_of(result("boxes1", boxes(IMAGE.frame, FIRST)), result("masks1", masks))
    assert len(scene.entities) == 1
    assert scene.entities[0].label == "face"


def test_a_name_replaces_no_name() -> None:
    scene = scene_of(
        result("boxes1", boxes(IMAGE.frame, ("region", 10, 10, 50, 50, 0.2))),
        result("boxes2", boxes(IMAGE.frame, FIRST)),
    )
    assert scene.entities[0].label == "face"
    assert scene.entities[0].score == pytest.approx(0.9)


def test_codes_and_keypoints_become_entities() -> None:
    xy = np.asarray([[[110, 10], [120, 60]]], np.float32)
    body = Keypoints(IMAGE.frame, xy, np.ones((1, 2), np.float32), ("nose", "knee"), ("person",))
    scene = scene_of(
        result("codes1", codes(IMAGE.frame, ("hello", 10, 10, 40, 40)), tool="read_codes"),
        result("keypoints1", body),
    )
    assert [(e.kind, e.label) for e in scene.entities] == [("code", "hello"), ("thing", "person")]


def test_nothing_found_is_a_fact_in_words() -> None:
    nothing = result("boxes1", boxes(IMAGE.frame), what="helmet", image="img1", min_score=0.3)
    scene = scene_of(nothing)
    assert scene.entities == ()
    fact = scene.facts[0]
    assert fact.absent
    assert fact.text == "no 'helmet' in img1 (detect by m ≥ 0.30, whole picture)"


def test_nothing_found_in_a_region_says_where() -> None:
    nothing = result(
        "codes1", codes(IMAGE.frame), tool="read_codes", model="", image="img1", region="boxes7"
    )
    assert scene_of(nothing).facts[0].text == "no code in img1 (read_codes, only boxes7)"


def test_labels_of_a_region_are_an_attribute_of_its_entity() -> None:
    colours = Labels(("red", "white"), np.asarray([0.6, 0.4], np.float32), "colours of face")
    scene = scene_of(
        result("boxes1", boxes(IMAGE.frame, FIRST)),
        result("labels1", colours, tool="colors", region="#1"),
        result("labels2", colours, tool="colors", region="boxes1"),
    )
    assert scene.entities[0].attributes == (("colour", "red 60%, white 40%"),)
    assert len(scene.facts) == 2


def test_numbers_and_failures() -> None:
    scene = scene_of(result("number1", Number(3.0, "faces", "count")))
    assert scene.facts[0].text == "count: 3 faces"
    assert scene.add(Result(Call(id="a", tool="t"), error="broke"), pictures=PICTURES) is scene


def test_scene_survives_plain_records() -> None:
    scene = scene_of(
        result("boxes1", boxes(IMAGE.frame, FIRST)),
        result("text1", spans(IMAGE.frame, ("hi", 15, 15, 30, 30)), tool="read_text"),
        result("boxes2", boxes(IMAGE.frame), what="cat"),
    )
    facts = [asdict(f) for f in scene.facts]
    again = Scene.from_records(scene.changed(Scene()), facts, dict(scene.rows))
    assert again == scene


def test_only_what_changed_is_written_again() -> None:
    before = scene_of(result("boxes1", boxes(IMAGE.frame, FIRST, ("cat", 100, 10, 140, 50))))
    after = before.add(result("boxes2", boxes(IMAGE.frame, FIRST)), pictures=PICTURES)
    assert list(after.changed(before)) == ["1"]
