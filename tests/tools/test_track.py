"""SAM 2.1 follows things as the library does on the same weights."""

from __future__ import annotations

import numpy as np
import pytest
from checkpoints.sam2 import build_sam2_video

from tools.context import CancelToken
from tools.errors import BadArguments, Cancelled
from tools.experts.track import track
from tools.models import sam2_video
from tools.tracks import COLUMNS
from tools.types import Boxes, Clip, Image, Masks

SPEC = sam2_video.TINY
CORNERS = np.array([[10, 20, 70, 80], [60, 10, 100, 60]], np.float32)


@pytest.fixture(scope="module", autouse=True)
def checkpoint(hub):
    return hub(SPEC.weights, build_sam2_video)


@pytest.fixture(scope="module")
def clip() -> Clip:
    rng = np.random.default_rng(0)
    return Clip(rng.integers(0, 255, (4, 90, 120, 3), np.uint8), 2.0)


def found_in(clip: Clip, number: int, corners: np.ndarray = CORNERS) -> Boxes:
    frame = Image.as_root(clip.frames[number].copy()).frame
    names = ("car", "dog")[: len(corners)]
    return Boxes(frame, corners.reshape(-1, 4), names, np.ones(len(names), np.float32))


def own(folder, clip, start, **asked):
    """What the library itself says: {frame: masks (n, H, W)}."""
    import torch
    from transformers import Sam2VideoModel, Sam2VideoProcessor

    processor = Sam2VideoProcessor.from_pretrained(folder)
    net = Sam2VideoModel.from_pretrained(folder, dtype=torch.float32).eval()
    session = processor.init_video_session(video=list(clip.frames), inference_device="cpu")
    processor.add_inputs_to_inference_session(inference_session=session, frame_idx=start, **asked)
    seen = {}
    with torch.inference_mode():
        net(inference_session=session, frame_idx=start)
        for back in (False, True):
            for out in net.propagate_in_video_iterator(session, start, reverse=back):
                size = [[session.video_height, session.video_width]]
                masks = processor.post_process_masks([out.pred_masks], size)[0][:, 0].numpy()
                seen.setdefault(out.frame_idx, masks)
    return seen


def expected(seen) -> list[tuple[str, ...]]:
    rows = []
    for number in sorted(seen):
        for name, mask in zip(("car", "dog"), seen[number], strict=False):
            if mask.any():
                ys, xs = np.nonzero(mask)
                box = f"{xs.min()}, {ys.min()}, {xs.max() + 1}, {ys.max() + 1}"
                share = f"{100 * mask.mean():.1f}"
                rows.append((str(number), f"{number / 2:.2f}", name, box, share))
    return rows


@pytest.mark.parametrize("start", [0, 2])
def test_boxes_are_followed_as_the_library_follows_them(ctx, checkpoint, clip, start):
    found = track(ctx, clip, found_in(clip, start))
    seen = own(checkpoint, clip, start, obj_ids=[1, 2], input_boxes=[CORNERS.tolist()])
    assert sorted(seen) == [0, 1, 2, 3]
    assert [row[:5] for row in found.rows] == expected(seen)
    assert len(found) > 4
    assert all(0 <= float(row[5]) <= 1 for row in found.rows)


def test_a_mask_is_followed(ctx, checkpoint, clip):
    frame = found_in(clip, 0).frame
    drawn = np.zeros((1, 90, 120), np.bool_)
    drawn[0, 20:80, 10:70] = True
    found = track(ctx, clip, Masks(frame, drawn, ("car",), np.ones(1, np.float32)))
    seen = own(checkpoint, clip, 0, obj_ids=[1], input_masks=[drawn[0].astype(np.float32)])
    assert [row[:5] for row in found.rows] == expected(seen)
    assert len(found) > 0


def test_nothing_to_follow_is_an_empty_table(ctx, clip):
    found = track(ctx, clip, found_in(clip, 1, np.zeros((0, 4), np.float32)))
    assert len(found) == 0
    assert found.columns == COLUMNS


def test_things_of_another_picture_are_refused(ctx, clip):
    other = Clip(255 - clip.frames, 2.0)
    with pytest.raises(BadArguments, match="not found in a frame"):
        track(ctx, clip, found_in(other, 0))


def test_it_stops_between_frames(clip):
    model, stop = SPEC.load(), CancelToken()
    steps: list[int] = []

    def one_more(*_: object) -> None:
        steps.append(1)
        stop.cancel()

    model._model.vision_encoder.register_forward_hook(one_more)
    with pytest.raises(Cancelled):
        model(clip, things=found_in(clip, 0), start=0, cancel=stop)
    assert len(steps) == 1
