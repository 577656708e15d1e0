"""The checks of edited pictures, each with an edit that passes and one that does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from evals.edits import judge

BOX = [40, 30, 120, 90]
Array = Any


@pytest.fixture
def photo(rng: np.random.Generator) -> Array:
    """A busy picture of 200×160 px, coarse enough to survive scaling."""
    coarse = rng.integers(0, 255, (20, 25, 3), np.uint8)
    return cv2.resize(coarse, (200, 160), interpolation=cv2.INTER_CUBIC)


def gray(p: Array) -> Array:
    return cv2.cvtColor(cv2.cvtColor(p, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)


def within(p: Array, change: Any) -> Array:
    p = p.copy()
    x1, y1, x2, y2 = BOX
    p[y1:y2, x1:x2] = change(p[y1:y2, x1:x2])
    return p


def framed(p: Array, margin: int = 5, colour: tuple[int, int, int] = (0, 0, 255)) -> Array:
    x1, y1, x2, y2 = BOX
    return cv2.rectangle(
        p.copy(), (x1 - margin, y1 - margin), (x2 + margin, y2 + margin), colour, 3
    )


def cut(p: Array) -> Array:
    return p[BOX[1] : BOX[3], BOX[0] : BOX[2]]


def twice(p: Array) -> Array:
    return cv2.resize(p, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)


ROWS = [
    ({"type": "size", "size": [200, 160]}, lambda p: p, True),
    ({"type": "size", "size": [201, 159]}, lambda p: p, True),  # one pixel is forgiven
    ({"type": "size", "size": [202, 160]}, lambda p: p, False),
    ({"type": "size", "size": [201, 160], "tol": 0}, lambda p: p, False),
    ({"type": "gray"}, gray, True),
    ({"type": "gray"}, lambda p: p, False),
    ({"type": "same_structure", "min_corr": 0.95}, gray, True),
    ({"type": "same_structure", "min_corr": 0.95}, twice, True),  # brought to size first
    ({"type": "same_structure", "min_corr": 0.95}, lambda p: p[::-1], False),
    ({"type": "region_blurred", "box": BOX, "max_ratio": 0.3},
     lambda p: within(p, lambda r: cv2.blur(r, (31, 31))), True),
    ({"type": "region_blurred", "box": BOX, "max_ratio": 0.3}, lambda p: within(p, lambda r: 0), True),
    ({"type": "region_blurred", "box": BOX, "max_ratio": 0.3}, lambda p: p, False),
    ({"type": "region_hidden", "box": BOX, "max_corr": 0.5}, lambda p: within(p, lambda r: 90), True),
    ({"type": "region_hidden", "box": BOX, "max_corr": 0.5}, lambda p: p, False),
    ({"type": "region_unchanged", "box": BOX, "max_diff": 2}, lambda p: framed(p, 12), True),
    ({"type": "region_unchanged", "box": BOX, "max_diff": 2}, lambda p: 255 - p, False),
    ({"type": "region_changed", "box": BOX, "min_diff": 4}, lambda p: 255 - p, True),
    ({"type": "region_changed", "box": BOX, "min_diff": 4}, lambda p: p, False),
    ({"type": "transform_of", "op": "fliph", "max_diff": 1}, lambda p: p[:, ::-1], True),
    ({"type": "transform_of", "op": "flipv", "max_diff": 1}, lambda p: p[::-1], True),
    ({"type": "transform_of", "op": "rot180", "max_diff": 1}, lambda p: p[::-1, ::-1], True),
    ({"type": "transform_of", "op": "rot90cw", "max_diff": 1}, lambda p: np.rot90(p, -1), True),
    ({"type": "transform_of", "op": "rot90ccw", "max_diff": 1}, lambda p: np.rot90(p, -1), False),
    ({"type": "crop_of", "box": BOX, "iou_min": 0.9}, cut, True),
    ({"type": "crop_of", "box": BOX, "iou_min": 0.9}, lambda p: twice(cut(p)), True),  # zoomed
    ({"type": "crop_of", "box": BOX, "iou_min": 0.9}, lambda p: p, False),
    ({"type": "crop_of", "box": BOX, "iou_min": 0.1}, lambda p: cut(p)[:9, :9], False),  # too small
    ({"type": "red_frame_around", "box": BOX, "margin": 10}, framed, True),
    ({"type": "red_frame_around", "box": BOX, "margin": 10}, lambda p: framed(p, 5, (255, 0, 0)), False),
    ({"type": "red_frame_around", "box": [10, 10, 30, 30], "margin": 10}, framed, False),
    ({"type": "never heard of"}, lambda p: p, False),
]  # fmt: skip


@pytest.mark.parametrize(("check", "edit", "right"), ROWS)
def test_check(check: dict[str, Any], edit: Any, right: bool, photo: Array, tmp_path: Path) -> None:
    before, after = tmp_path / "before.png", tmp_path / "after.png"
    cv2.imwrite(str(before), photo)
    cv2.imwrite(str(after), np.ascontiguousarray(edit(photo)))
    ok, reason = judge([check], before, after)
    assert ok is right, reason
    assert reason.startswith("NOT ") is not right


def test_all_checks_must_hold(photo: Array, tmp_path: Path) -> None:
    path = tmp_path / "same.png"
    cv2.imwrite(str(path), photo)
    ok, reason = judge([{"type": "size", "size": [200, 160]}, {"type": "gray"}], path, path)
    assert not ok
    assert reason.startswith("200×160 px for 200×160; NOT grey")


def test_an_unreadable_result_is_wrong(photo: Array, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), photo)
    (tmp_path / "b.png").write_bytes(b"no picture")
    assert judge([{"type": "gray"}], tmp_path / "a.png", tmp_path / "b.png") == (
        False, "the written picture cannot be read",
    )  # fmt: skip
