"""Replies of language models become boxes and points; what is hostile or cut never does."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools import convert, grounded, grounded_tags
from tools.geometry import crop, resize, rotate
from tools.types import Image

SEEN = (168, 84)
READERS = {
    "qwen_grid": grounded.qwen_grid,
    "qwen_pixels": grounded.qwen_pixels,
    "internvl": grounded_tags.internvl,
    "florence": grounded_tags.florence,
    "paligemma": grounded_tags.paligemma,
    "kosmos": grounded_tags.kosmos,
    "molmo": grounded_tags.molmo,
}
IMAGE = Image.as_root(np.zeros((100, 200, 3), np.uint8))
"""200 px wide, 100 px high."""


def picture() -> Image:
    return IMAGE


@pytest.mark.parametrize(
    ("name", "reply", "text", "boxes"),
    [
        (
            "qwen_grid",
            'The bus:\n```json\n[\n\t{"bbox_2d": [100, 200, 500, 800], "label": "a bus"}\n]\n```',
            "The bus:",
            [("a bus", [20, 20, 100, 80])],
        ),
        ("qwen_grid", '{"bbox_2d": [0, 0, 1000, 1000]}', "", [("thing", [0, 0, 200, 100])]),
        (  # several boxes under one name
            "qwen_grid",
            '{"bbox_2d": [[0, 0, 500, 500], [500, 500, 1000, 1000]], "label": "dog"}',
            "",
            [("dog", [0, 0, 100, 50]), ("dog", [100, 50, 200, 100])],
        ),
        ("qwen_grid", "<think>maybe [1, 2]</think>Two dogs.", "Two dogs.", []),
        ("qwen_grid", "The sum is [1, 2, 3, 4].", "The sum is [1, 2, 3, 4].", []),
        ("qwen_grid", '{"answer": 3}', '{"answer": 3}', []),
        ("qwen_grid", '[{"bbox_2d": null, "label": "cat"}]', "", []),
        ("qwen_grid", "```json\n[]\n```", "", []),
        (  # seen at 168 by 84
            "qwen_pixels",
            '[{"bbox_2d": [84, 42, 168, 84], "label": "sign"}]',
            "",
            [("sign", [100, 50, 200, 100])],
        ),
        (
            "internvl",
            "Here <ref>the dog</ref><box>[[100, 200, 500, 800]]</box>.",
            "Here the dog.",
            [("the dog", [20, 20, 100, 80])],
        ),
        (
            "internvl",
            "<ref>cats</ref><box>[[0,0,500,500], [500,500,1000,1000]]</box>",
            "cats",
            [("cats", [0, 0, 100, 50]), ("cats", [100, 50, 200, 100])],
        ),
        (
            "florence",
            "</s><s>bus<loc_100><loc_200><loc_499><loc_799></s>",
            "bus",
            [("bus", [20.1, 20.05, 99.9, 79.95])],
        ),
        (
            "paligemma",
            "<loc0000><loc0000><loc1023><loc1023> cat ; <loc0000><loc0000><loc0512><loc1023> dog",
            "cat; dog",
            [("cat", [0, 0, 200, 100]), ("dog", [0, 0, 200, 50.05])],
        ),
        (
            "kosmos",
            "<grounding> <phrase>a fire</phrase><object><patch_index_0000><patch_index_1023>"
            "</object> burns",
            "a fire burns",
            [("a fire", [200 / 64, 100 / 64, 200 - 200 / 64, 100 - 100 / 64])],
        ),
    ],
)
def test_boxes_of_each_convention(name, reply, text, boxes):
    read = READERS[name](reply, SEEN, picture())
    assert read.refused == ()
    assert read.text == text
    assert read.boxes.labels == tuple(label for label, _ in boxes)
    wanted = np.array([box for _, box in boxes], np.float32).reshape(-1, 4)
    assert read.boxes.xyxy == pytest.approx(wanted, abs=0.02)


@pytest.mark.parametrize(
    ("name", "reply", "text", "points"),
    [
        ("qwen_grid", '[{"point_2d": [500, 500], "label": "ball"}]', "", [[100, 50]]),
        ("qwen_pixels", '[{"point_2d": [84, 42]}]', "", [[100, 50]]),
        ("molmo", '<point x="50" y="25.5" alt="cup">cup</point>', "cup", [[100, 25.5]]),
        (
            "molmo",
            'Two: <points x1="10" y1="20" x2="90.5" y2="80" alt="eggs">eggs</points>',
            "Two: eggs",
            [[20, 20], [181, 80]],
        ),
        (
            "molmo",
            '<points coords="1 1 050 200 2 905 800">eggs</points>',
            "eggs",
            [[10, 20], [181, 80]],
        ),
    ],
)
def test_points_of_each_convention(name, reply, text, points):
    read = READERS[name](reply, SEEN, picture())
    assert read.refused == ()
    assert read.text == text
    assert read.points.xy == pytest.approx(np.array(points, np.float32))


@pytest.mark.parametrize(
    ("name", "reply", "kept", "refused"),
    [
        ("qwen_grid", '[{"bbox_2d": [0, 0, 9, 9], "label": "a"}, {"bbox_2d": [1, 2', 1, 1),  # cut
        ("qwen_grid", '{"bbox_2d": [500, 0, 100, 900]}', 0, 1),  # inverted
        ("qwen_grid", '{"bbox_2d": [5, 5, 5, 5]}', 0, 1),  # empty
        ("qwen_grid", '{"bbox_2d": [0, 0, 2000, 9]}', 0, 1),  # outside
        ("qwen_grid", '{"bbox_2d": [NaN, 0, 10, 10]}', 0, 1),
        ("qwen_grid", '{"bbox_2d": [-Infinity, 0, 10, 10]}', 0, 1),
        ("qwen_grid", '{"bbox_2d": [0, 0, 10, 1' + "0" * 400 + "]}", 0, 1),  # beyond floats
        ("qwen_grid", '{"bbox_2d": [0, 0, 10]}', 0, 1),
        ("qwen_grid", '{"bbox_2d": []}', 0, 1),
        ("qwen_grid", '{"bbox_2d": [true, false, 10, 10]}', 0, 1),
        ("qwen_grid", '{"bbox_2d": ["0", "a", {}, []]}', 0, 1),
        ("qwen_grid", "{'bbox_2d': [0, 0, 10, 10]}", 0, 1),  # no JSON
        ("qwen_grid", '{"bbox_2d": {"x": 1}}', 0, 1),
        ("qwen_pixels", '{"bbox_2d": [0, 0, 200, 84]}', 0, 1),  # pixels of another size
        ("internvl", "<ref>a</ref><box>[[1, 2, 30, 40], [5, 6", 1, 1),
        ("internvl", "<ref>a</ref><box>[[1, 2, 3]]</box>", 0, 1),
        ("internvl", "<box>nowhere</box><box>[[1,1,9,9]]</box>", 1, 1),
        ("florence", "a<loc_1><loc_2><loc_30><loc_40>b<loc_5><loc_6>", 1, 1),
        ("florence", "a<loc_1><loc_2><loc_3><loc_4444>", 0, 1),
        ("paligemma", "<loc0100><loc0100><loc0000><loc0000> cat", 0, 1),
        ("paligemma", "<loc0100><loc0100> cat", 0, 1),
        ("kosmos", "<phrase>a</phrase><object><patch_index_0900><patch_index_0001></object>", 0, 1),
        ("kosmos", "<object><patch_index_0001>", 0, 1),
        ("molmo", '<point x="50" y="102">', 0, 1),
        ("molmo", '<point x="50" y="ten">', 0, 1),
        ("molmo", '<points coords="1 1 050 200 2 905">eggs</points>', 1, 1),
        ("molmo", '<point x="50" y="2', 0, 2),
    ],
)
def test_what_cannot_be_is_refused_and_said(name, reply, kept, refused):
    read = READERS[name](reply, SEEN, picture())
    assert len(read.boxes) + len(read.points.xy) == kept
    assert len(read.refused) == refused
    assert all("\n" not in line for line in read.refused)
    assert "cannot be used" in read.note()
    assert read.note() in read.said()


def test_of_many_only_the_first_are_kept():
    entries = [{"bbox_2d": [1, 1, 9, 9]}] * 600
    read = grounded.qwen_grid(json.dumps(entries[:500]), SEEN, picture())
    assert len(read.boxes) == 500
    many = '{"p":[' + ",".join(["{'point':0}"] * 3) + "]}"
    assert len(grounded.qwen_grid(many, SEEN, picture()).refused) == 3


WORDS = st.sampled_from(
    [
        '"bbox_2d":', '{"point_2d":', "[", "]", "{", "}", ",", "1", "999", "-3", "1e400", "NaN",
        '"label":', '"a"', "<box>", "</box>", "<ref>", "</ref>", "<loc_12>", "<loc0012>",
        "<loc_", "<object>", "<phrase>", "</phrase>", "<patch_index_0007>", "<patch_index_9999>",
        '<point x="', '" y="', '">', "<points coords=\"", "1 1 500", "<think>", "</think>", "\x00",
        "\ud800", "</object>", "\r", "٣", "```json", "…",
    ]
)  # fmt: skip
HOSTILE = st.one_of(st.text(max_size=200), st.lists(WORDS, max_size=40).map("".join))


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=150, deadline=None)
@given(reply=HOSTILE)
def test_hostile_replies_never_raise_nor_place_outside(name, reply):
    read = READERS[name](reply, SEEN, picture())
    box = read.boxes.xyxy
    assert np.isfinite(box).all()
    assert (box[:, :2] < box[:, 2:]).all()
    assert (box >= 0).all()
    assert (box <= [200, 100, 200, 100]).all()
    assert (read.points.xy >= 0).all()
    assert (read.points.xy <= [200, 100]).all()
    assert all(label.isprintable() and len(label) <= 200 for label in read.boxes.labels)


@settings(max_examples=100, deadline=None)
@given(cut=st.integers(0, 200), n=st.integers(1, 4))
def test_of_a_cut_reply_the_whole_boxes_remain(cut, n):
    entries = [{"bbox_2d": [10 * i, 0, 10 * i + 100, 500], "label": f"t{i}"} for i in range(n)]
    reply = json.dumps(entries)
    read = grounded.qwen_grid(reply[:cut], SEEN, picture())
    whole = reply[:cut].count("}")
    assert read.boxes.labels == tuple(f"t{i}" for i in range(whole))
    begun = reply[:cut].count('"bbox_2d":') - whole
    assert len(read.refused) == begun


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("unit", ["[", '{"a":', "<", "\n", "\r ", "<think>", "<box>", '<point x="'])
def test_long_hostile_replies_come_to_an_end(name, unit):
    read = READERS[name](unit * 20_000, SEEN, picture())
    assert len(read.boxes) + len(read.points.xy) == 0


@settings(max_examples=50, deadline=None)
@given(x=st.integers(0, 180), y=st.integers(0, 80), w=st.integers(4, 20), h=st.integers(4, 20))
def test_written_boxes_read_back_through_a_view(x, y, w, h):
    image = Image.as_root(np.zeros((100, 200, 3), np.uint8))
    for view in (image, resize(crop(image, [x, y, x + w, y + h]), (64, 48)), rotate(image, 90)):
        whole = [0, 0, *view.size_wh]
        grid = convert.to_xyxy_1000([whole], view.size_wh)[0].tolist()
        read = grounded.qwen_grid(json.dumps({"bbox_2d": grid}), SEEN, view)
        wanted = [0, 0, 200, 100] if view.is_root or view.height == 200 else [x, y, x + w, y + h]
        assert read.boxes.xyxy[0] == pytest.approx(wanted, abs=0.01)
        assert read.boxes.frame == image.frame
