"""The shared core: sizes, windows, edits of a part, seeds, steps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.context import ToolContext
from tools.diffusion import Step, generator, told
from tools.errors import BadArguments
from tools.repaint import repaint, windows, working_size
from tools.types import Image

SIZES = st.integers(1, 90)


@st.composite
def holes(draw):
    """A picture's worth of mask with up to four rectangles."""
    high, wide = draw(SIZES), draw(SIZES)
    hole = np.zeros((high, wide), np.bool_)
    for _ in range(draw(st.integers(0, 4))):
        x, y = draw(st.integers(0, wide - 1)), draw(st.integers(0, high - 1))
        hole[y : y + draw(st.integers(1, 40)), x : x + draw(st.integers(1, 40))] = True
    return hole


@given(hole=holes(), side=st.sampled_from([16, 24, 64]), seed=st.integers(0, 9))
@settings(max_examples=150, deadline=None)
def test_nothing_outside_the_hole_changes_and_all_inside_is_painted(hole, side, seed):
    pixels = np.random.default_rng(seed).integers(0, 200, (*hole.shape, 3), np.uint8)
    image = Image.as_root(pixels)
    seen = []

    def brush(part, area):
        assert part.shape[:2] == area.shape
        assert area.any()
        assert part.shape[0] % 8 == part.shape[1] % 8 == 0
        seen.append(part.shape)
        return np.full_like(part, 255)

    made = repaint(image, hole, brush, side)
    assert made.size_wh == image.size_wh
    assert made.frame == image.frame
    assert (made.pixels[~hole] == pixels[~hole]).all()
    assert (made.pixels[hole] == 255).all()
    assert bool(seen) == bool(hole.any())


@given(hole=holes(), side=st.sampled_from([16, 24, 64]))
@settings(max_examples=150, deadline=None)
def test_windows_hold_every_hole_and_never_overlap(hole, side):
    covered = np.zeros(hole.shape, int)
    for part in windows(hole, side):
        covered[part] += 1
        high, wide = covered[part].shape
        assert wide >= min(side, hole.shape[1])
        assert high >= min(side, hole.shape[0])
    assert covered.max() <= 1
    assert (covered[hole] == 1).all()


def test_small_holes_are_painted_at_the_scale_of_the_picture():
    hole = np.zeros((400, 600), np.bool_)
    hole[100:110, 300:320] = True
    (part,) = windows(hole, 64)
    assert hole[part].shape == (64, 64)


@pytest.mark.parametrize(
    ("size", "want"),
    [((512, 512), (512, 512)), ((1000, 1000), (512, 512)), ((800, 400), (728, 360)),
     ((5000, 100), (728, 360)), ((30, 60), (360, 728))],
)  # fmt: skip
def test_working_sizes(size, want):
    assert working_size(size, 512) == want


def test_a_seed_gives_the_same_noise_and_none_out_of_range():
    import torch

    first, second, other = (torch.randn(4, generator=generator(s)) for s in (7, 7, 8))
    assert (first == second).all()
    assert not (first == other).all()
    with pytest.raises(BadArguments, match="out of range"):
        generator(-1)


def test_steps_are_told_as_progress():
    heard = []
    ctx = ToolContext(None, report=lambda words, share: heard.append((words, share)))
    told(ctx)(Step(3, 12, None))
    assert heard == [("step 3 of 12", 0.25)]
