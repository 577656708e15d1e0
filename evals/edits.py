"""Whether an edited picture is what was asked for: a handful of measurable checks.

Each check compares the original with the result and says in words what it found. Pictures are
float32 (H, W, 3) in OpenCV's BGR order; a result of another size is brought to the size of the
original where pixels are compared. Knows nothing of tasks, agents or scores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.float32]
Verdict = tuple[bool, str]

FLAT = 8.0
"""Standard deviation below which nothing can be made out in a region."""
RED_SLACK = 20.0
"""Pixels by which a drawn frame may miss the thing it is drawn around."""
SMALLEST = 12
"""Pixels: a smaller template matches anything."""
MATCH = 0.9
"""Correlation from which a crop counts as found in the original."""


def judge(checks: Sequence[Mapping[str, Any]], original: Path, result: Path) -> Verdict:
    """Whether `result` passes all `checks` against `original`, and what each found."""
    import cv2

    before, after = cv2.imread(str(original)), cv2.imread(str(result))
    if before is None:
        return False, f"the original {original.name!r} cannot be read"
    if after is None:
        return False, "the written picture cannot be read"
    found = [_check(c, before.astype(np.float32), after.astype(np.float32)) for c in checks]
    return all(ok for ok, _ in found), "; ".join(("" if ok else "NOT ") + why for ok, why in found)


def _check(check: Mapping[str, Any], before: Pixels, after: Pixels) -> Verdict:
    rule = CHECKS.get(str(check.get("type")))
    if rule is None:
        return False, f"{check.get('type')!r} is no known check"
    return rule(check, before, after)


def _fit(picture: Pixels, like: Pixels) -> Pixels:
    import cv2

    if picture.shape == like.shape:
        return picture
    size_wh = (like.shape[1], like.shape[0])
    fitted = cv2.resize(picture, size_wh, interpolation=cv2.INTER_AREA)
    return np.asarray(fitted, np.float32)


def _cut(picture: Pixels, box: Sequence[int]) -> Pixels:
    return picture[max(0, box[1]) : box[3], max(0, box[0]) : box[2]]


def _gray(picture: Pixels) -> Pixels:
    import cv2

    gray = cv2.cvtColor(picture.astype(np.uint8), cv2.COLOR_BGR2GRAY)
    return np.asarray(gray, np.float32)


def _likeness(a: Pixels, b: Pixels) -> float:
    a, b = a - a.mean(), b - b.mean()
    scale = np.sqrt((a * a).sum() * (b * b).sum()) + 1e-6
    return float((a * b).sum() / scale)


def _sharpness(picture: Pixels) -> float:
    import cv2

    return float(cv2.Laplacian(_gray(picture).astype(np.uint8), cv2.CV_64F).var())


def _difference(check: Mapping[str, Any], before: Pixels, after: Pixels) -> float:
    box = check["box"]
    return float(np.abs(_cut(before, box) - _cut(_fit(after, before), box)).mean())


def _size(check: Mapping[str, Any], before: Pixels, after: Pixels) -> Verdict:
    (width, height), off = check["size"], check.get("tol", 1)
    ok = abs(after.shape[1] - width) <= off and abs(after.shape[0] - height) <= off
    return ok, f"{after.shape[1]}×{after.shape[0]} px for {width}×{height}"


def _is_gray(check: Mapping[str, Any], before: Pixels, after: Pixels) -> Verdict:
    spread = float(np.abs(after.max(axis=2) - after.min(axis=2)).mean())
    return spread < 3, f"grey within {spread:.1f}"


def _same_structure(check: Mapping[str, Any], before: Pixels, after: Pixels) -> Verdict:
    likeness = _likeness(_gray(_fit(after, before)), _gray(before))
    return likeness >= check["min_corr"], f"the same scene ({likeness:.2f})"


def _region_blurred(check: Mapping[str, Any], before: Pixels, after: Pixels) -> Verdict:
    was, now = _cut(before, check["box"]), _cut(_fit(after, before), check["box"])
    sharp_was, sharp_now = _sharpness(was), _sharpness(now)
    ok = (
        sharp_now <= check["max_ratio"] * sharp_was
        or float(now.std()) < FLAT
        or _likeness(_gray(was), _gray(now)) < 0.6
    )
    return ok, f"blurred at {list(check['box'])} (sharpness {sharp_now:.0f} of {sharp_was:.0f})"


def _region_hidden(check: Mapping[str, Any], before: Pixels, after: Pixels) -> Verdict:
    import cv2

    def detail(picture: Pixels) -> Pixels:
        gray = _gray(picture)
        fine: Pixels = gray - cv2.GaussianBlur(gray, (0, 0), 4)
        return fine

    was, now = _cut(before, check["box"]), _cut(_fit(after, before), check["box"])
    likeness = _likeness(detail(was), detail(now))
    ok = float(now.std()) < FLAT or likeness <= check["max_corr"]
    return ok, f"hidden at {list(check['box'])} (likeness {likeness:.2f})"


def _region_unchanged(check: Mapping[str, Any], before: Pixels, after: Pixels) -> Verdict:
    off = _difference(check, before, after)
    return off <= check["max_diff"], f"unchanged at {list(check['box'])} (off by {off:.1f})"


def _region_changed(check: Mapping[str, Any], before: Pixels, after: Pixels) -> Verdict:
    off = _difference(check, before, after)
    return off >= check["min_diff"], f"changed at {list(check['box'])} (by {off:.1f})"


TURNS: dict[str, Callable[[Pixels], Pixels]] = {
    "fliph": lambda p: p[:, ::-1],
    "flipv": lambda p: p[::-1],
    "rot90cw": lambda p: np.rot90(p, -1),
    "rot90ccw": lambda p: np.rot90(p),
    "rot180": lambda p: np.rot90(p, 2),
}


def _transform_of(check: Mapping[str, Any], before: Pixels, after: Pixels) -> Verdict:
    want = np.ascontiguousarray(TURNS[check["op"]](before))
    shape = abs(after.shape[0] / after.shape[1] - want.shape[0] / want.shape[1])
    off = float(np.abs(_fit(after, want) - want).mean())
    ok = shape < 0.02 and off <= check["max_diff"]
    return ok, f"the original after {check['op']} (off by {off:.1f})"


def _template_sizes(after: Pixels) -> Iterator[tuple[int, int]]:
    """(width, height) the crop may have had before it was zoomed or shrunk."""
    height, width = after.shape[:2]
    yield width, height
    for scale in (*(percent / 100 for percent in range(10, 101, 5)), 1.5, 2.0, 3.0, 4.0):
        yield round(width / scale), round(height / scale)


def _crop_of(check: Mapping[str, Any], before: Pixels, after: Pixels) -> Verdict:
    import cv2

    from evals.score import overlap

    whole, part, best = _gray(before), _gray(after), 0.0
    for width, height in _template_sizes(after):
        too_large = width > whole.shape[1] or height > whole.shape[0]
        if too_large or width < SMALLEST or height < SMALLEST:
            continue
        template = cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA)
        found = cv2.matchTemplate(whole, template, cv2.TM_CCOEFF_NORMED)
        _, match, _, (x, y) = cv2.minMaxLoc(found)
        if match >= MATCH:
            best = max(best, overlap((x, y, x + width, y + height), check["box"]))
    return best >= check["iou_min"], f"the crop at {list(check['box'])} (overlap {best:.2f})"


def _red_frame_around(check: Mapping[str, Any], before: Pixels, after: Pixels) -> Verdict:
    now = _fit(after, before)
    blue, green, red = now[..., 0], now[..., 1], now[..., 2]
    new = np.abs(now - before).max(axis=2) > 60
    ys, xs = np.where((red > 170) & (green < 90) & (blue < 90) & new)
    if len(xs) <= 50:
        return False, "a red frame drawn"
    left, right = np.percentile(xs, (1, 99))
    top, bottom = np.percentile(ys, (1, 99))
    x1, y1, x2, y2 = check["box"]
    outside = check["margin"] + RED_SLACK
    ok = (
        x1 - outside <= left <= x1 + RED_SLACK
        and y1 - outside <= top <= y1 + RED_SLACK
        and x2 - RED_SLACK <= right <= x2 + outside
        and y2 - RED_SLACK <= bottom <= y2 + outside
    )
    corners = ", ".join(f"{v:.0f}" for v in (left, top, right, bottom))
    return bool(ok), f"a red frame around {list(check['box'])} (drawn at {corners})"


CHECKS: dict[str, Callable[[Mapping[str, Any], Pixels, Pixels], Verdict]] = {
    "size": _size,
    "gray": _is_gray,
    "same_structure": _same_structure,
    "region_blurred": _region_blurred,
    "region_hidden": _region_hidden,
    "region_unchanged": _region_unchanged,
    "region_changed": _region_changed,
    "transform_of": _transform_of,
    "crop_of": _crop_of,
    "red_frame_around": _red_frame_around,
}
