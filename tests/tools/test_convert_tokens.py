"""Places as language models write them go out and come back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools import convert_tokens as tokens
from tools.errors import BadArguments

SIZES = st.tuples(st.integers(40, 4096), st.integers(40, 4096))


@st.composite
def placed(draw):
    """A size, a box and a point within it."""
    size = draw(SIZES)
    x = sorted(draw(st.tuples(*[st.floats(0, size[0])] * 2)))
    y = sorted(draw(st.tuples(*[st.floats(0, size[1])] * 2)))
    box = [x[0] * 0.9, y[0] * 0.9, x[1] * 0.9 + size[0] * 0.1, y[1] * 0.9 + size[1] * 0.1]
    return size, np.array([box], np.float32), np.array([[x[0], y[0]]], np.float32)


@settings(max_examples=50, deadline=None)
@given(case=placed(), seen=SIZES)
def test_points_round_trip(case, seen):
    size, _, point = case
    back = tokens.from_xy_1000(tokens.to_xy_1000(point, size), size)
    assert np.abs(back - point).max() <= max(size) / 2000 + 1e-2
    there = tokens.to_xy_resized_px(point, seen, size)
    assert tokens.from_xy_resized_px(there, seen, size) == pytest.approx(point, abs=0.05)


@settings(max_examples=50, deadline=None)
@given(case=placed())
def test_bins_round_trip_within_half_a_bin(case):
    size, box, _ = case
    there = tokens.to_xyxy_bins(box, size)
    assert there.min() >= 0
    assert there.max() <= 999
    back = tokens.from_xyxy_bins(there, size)
    assert np.abs(back - box).max() <= max(size) / 2000 + 1e-2
    assert (tokens.to_xyxy_bins(back, size) == there).all()


@settings(max_examples=50, deadline=None)
@given(case=placed())
def test_cells_round_trip_within_a_cell(case):
    size, box, _ = case
    there = tokens.to_cell_pairs(box, size)
    back = tokens.from_cell_pairs(there, size)
    assert np.abs(back - box).max() <= max(size) / 32 + 1e-2


def test_the_library_agrees_on_bins_and_cells():
    import torch
    from transformers.models.florence2 import processing_florence2
    from transformers.models.kosmos2.processing_kosmos2 import patch_index_to_coordinate

    size = (640, 480)
    bins = [[10, 200, 900, 700]]
    library = processing_florence2.Florence2PostProcessor.dequantize
    own = type("Bins", (), {"quantize_bins": (1000, 1000)})()
    wanted = library(own, torch.tensor(bins, dtype=torch.float64), size)
    assert np.floor(tokens.from_xyxy_bins(bins, size)) == pytest.approx(wanted.numpy())
    for pair in ((44, 863), (5, 5), (5, 9), (3, 35)):
        share = patch_index_to_coordinate(*pair, 32)
        wanted = np.array([share]) * np.tile(size, 2)
        assert tokens.from_cell_pairs([pair], size) == pytest.approx(wanted, abs=1e-3)


@pytest.mark.parametrize(
    "pair",
    [
        (0, 1024),  # beyond the grid
        (-1, 5),
        (863, 44),  # backwards
        (float("nan"), 3),
    ],
)
def test_impossible_cells_are_refused(pair):
    with pytest.raises(BadArguments):
        tokens.from_cell_pairs([pair], (100, 100))
