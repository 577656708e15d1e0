"""SAM 2.1 gives what the library gives on the same weights, and encodes a picture once."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from checkpoints.sam2 import build_sam2, build_sam2_video
from PIL import Image as PilImage

from tools.context import CancelToken
from tools.errors import BadArguments, Cancelled
from tools.experts.segment import segment
from tools.geometry import crop, place_masks, resize
from tools.models import sam2_hf
from tools.prompted import AT_ONCE
from tools.types import Boxes, Image, Masks, Points

SPEC = sam2_hf.TINY
CORNERS = np.array([[20, 30, 120, 90], [10, 10, 60, 60], [100, 20, 190, 110]], np.float32)


@pytest.fixture(scope="module")
def checkpoint(hub):
    return hub(SPEC.weights, build_sam2)


@pytest.fixture(scope="module")
def model(checkpoint):
    return SPEC.load()


@pytest.fixture(scope="module")
def library(checkpoint):
    """The library's own call: (masks at the picture's size, scores) of the best of each prompt."""
    import torch
    from transformers import Sam2Model, Sam2Processor

    processor = Sam2Processor.from_pretrained(checkpoint)
    net = Sam2Model.from_pretrained(checkpoint, dtype=torch.float32).eval()

    def call(image, several=False, **prompts):
        inputs = processor(images=PilImage.fromarray(image.pixels), return_tensors="pt", **prompts)
        with torch.inference_mode():
            out = net(**inputs, multimask_output=several)
        masks = processor.post_process_masks(out.pred_masks, inputs["original_sizes"])[0]
        best = out.iou_scores[0].argmax(dim=1)
        rows = torch.arange(len(best))
        return masks[rows, best].numpy(), out.iou_scores[0][rows, best].numpy()

    return call


@pytest.fixture
def image(rng) -> Image:
    return Image.as_root(rng.integers(0, 255, (120, 200, 3), np.uint8))


@pytest.fixture
def region(image) -> Boxes:
    return Boxes(image.frame, CORNERS, ("cat", "dog", "cup"), np.ones(3, np.float32))


def clicks(image: Image, *rows: tuple[float, float, bool]) -> Points:
    xy = np.array([row[:2] for row in rows], np.float32)
    return Points(image.frame, xy, tuple(row[2] for row in rows))


def same(found: Masks, masks: np.ndarray, scores: np.ndarray) -> None:
    """Exactly these masks, none of them empty or full."""
    assert len(found) == len(masks)
    assert (found.masks == masks).all()
    assert found.scores == pytest.approx(np.clip(scores, 0, 1), abs=1e-6)
    assert all(0 < mask.mean() < 1 for mask in masks)


def test_boxes_give_the_masks_of_the_library(model, library, image, region):
    found = model.segment(image, cancel=CancelToken(), region=region)
    same(found, *library(image, input_boxes=[CORNERS.tolist()]))
    assert found.labels == region.labels


def test_many_boxes_are_decoded_in_groups(model, library, image, rng):
    low = rng.uniform(0, 80, (19, 2))
    corners = np.concatenate([low, low + rng.uniform(15, 40, (19, 2))], axis=1).astype(np.float32)
    names = tuple(f"thing {i}" for i in range(19))
    region = Boxes(image.frame, corners, names, np.ones(19, np.float32))
    found = model.segment(image, cancel=CancelToken(), region=region)
    masks, scores = library(image, input_boxes=[corners.tolist()])
    there = [i for i, mask in enumerate(masks) if mask.any()]
    assert found.labels == tuple(names[i] for i in there)
    assert len(there) > AT_ONCE
    assert (found.masks != masks[there]).mean() < 1e-4  # batches of another size round otherwise
    assert found.scores == pytest.approx(np.clip(scores[there], 0, 1), abs=1e-5)


def test_a_lone_click_gives_the_best_of_three(model, library, image):
    found = model.segment(image, cancel=CancelToken(), points=clicks(image, (50, 50, True)))
    wanted = library(image, True, input_points=[[[[50, 50]]]], input_labels=[[[1]]])
    same(found, *wanted)
    assert found.labels == ("object",)


def test_several_clicks_mark_one_thing(model, library, image):
    marks = clicks(image, (50, 50, True), (150, 90, False))
    found = model.segment(image, cancel=CancelToken(), points=marks)
    asked = {"input_points": [[[[50, 50], [150, 90]]]], "input_labels": [[[1, 0]]]}
    same(found, *library(image, **asked))


def test_clicks_count_for_every_box(model, library, image, region):
    found = model.segment(
        image, cancel=CancelToken(), region=region, points=clicks(image, (55, 50, True))
    )
    asked = {"input_points": [[[[55, 50]]] * 3], "input_labels": [[[1]] * 3]}
    same(found, *library(image, input_boxes=[CORNERS.tolist()], **asked))


def test_a_rough_mask_is_a_prompt_of_its_own(model, image):
    rough = np.zeros((1, 120, 200), np.bool_)
    rough[0, 30:90, 20:120] = True
    drawn = Masks(image.frame, rough, ("cat",), np.ones(1, np.float32))
    with_mask = model.segment(image, cancel=CancelToken(), region=drawn)
    with_box = model.segment(image, cancel=CancelToken(), region=drawn.boxes())
    assert with_mask.labels == ("cat",)
    assert (with_mask.masks != with_box.masks).any()


def test_with_nothing_given_it_cuts_out_what_fills_the_picture(model, library, image):
    found = model.segment(image, cancel=CancelToken())
    same(found, *library(image, input_boxes=[[[6.0, 3.6, 194.0, 116.4]]]))


def test_further_prompts_on_a_picture_do_not_encode_again(checkpoint, image, region):
    model = SPEC.load()
    encoded: list[int] = []
    model._model.vision_encoder.register_forward_hook(lambda *_: encoded.append(1))
    before = model.nbytes()
    first = model.segment(image, cancel=CancelToken(), region=region)
    again = Image.as_root(image.pixels.copy())  # the same pixels, another object
    second = model.segment(again, cancel=CancelToken(), region=region)
    model.segment(image, cancel=CancelToken(), points=clicks(image, (5, 5, True)))
    assert len(encoded) == 1
    assert (first.masks == second.masks).all()
    assert model.nbytes() > before
    for shade in range(sam2_hf.KEPT + 1):
        other = Image.as_root(np.full((40, 40, 3), shade, np.uint8))
        model.segment(other, cancel=CancelToken(), points=clicks(other, (5, 5, True)))
    assert len(encoded) == 2 + sam2_hf.KEPT
    assert len(model._kept) == sam2_hf.KEPT


def test_masks_of_a_view_lie_in_the_root(model, image, region):
    view = resize(crop(image, [10, 20, 190, 110]), (360, 180))
    seen = Image.as_root(view.pixels)
    moved = Boxes(seen.frame, ((CORNERS[:1] - [10, 20, 10, 20]) * 2).astype(np.float32), ("cat",),
                  np.ones(1, np.float32))  # fmt: skip
    alone = model.segment(seen, cancel=CancelToken(), region=moved)
    found = model.segment(view, cancel=CancelToken(), region=region.take([0]))
    assert found.frame == image.frame
    assert (found.masks == place_masks(view, alone.masks, ("cat",), alone.scores).masks).all()
    assert found.scores == pytest.approx(alone.scores)


def test_what_lies_outside_the_view_is_left_out(model, image, region):
    view = crop(image, [0, 0, 90, 120])
    found = model.segment(view, cancel=CancelToken(), region=region)
    assert set(found.labels) <= {"cat", "dog"}
    nowhere = model.segment(crop(image, [0, 100, 15, 120]), cancel=CancelToken(), region=region)
    assert len(nowhere) == 0
    assert nowhere.frame == image.frame


def test_only_negative_clicks_are_refused(model, image):
    with pytest.raises(BadArguments, match="beside the object"):
        model.segment(image, cancel=CancelToken(), points=clicks(image, (5, 5, False)))


def test_a_stopped_call_does_not_begin(model, image):
    stop = CancelToken()
    stop.cancel()
    with pytest.raises(Cancelled):
        model.segment(image, cancel=stop)


def test_the_ability_reaches_it(model, image, region):
    from tools.context import ToolContext

    class Only:
        def use(self, ability, *args, labels, cancel, **kwargs):
            assert ability == "segment"
            return model.segment(*args, cancel=cancel, **kwargs)

    found = segment(ToolContext(Only()), image, region=region)
    assert found.labels == region.labels


def test_everything_is_what_the_library_generates(model, checkpoint, image, monkeypatch):
    from transformers import pipeline

    monkeypatch.setattr(sam2_hf, "GRID", 4)
    monkeypatch.setattr(sam2_hf, "DOUBLE", 0.995)  # random masks reach from edge to edge
    processor = model._processor.image_processor
    strict = processor.filter_masks
    lax = partial(strict, pred_iou_thresh=0.0, stability_score_thresh=0.0)
    monkeypatch.setattr(processor, "filter_masks", lax)  # random weights are sure of nothing
    generate = pipeline("mask-generation", model=str(checkpoint), device="cpu")
    wanted = generate(
        PilImage.fromarray(image.pixels),
        pred_iou_thresh=0.0,
        stability_score_thresh=0.0,
        points_per_crop=4,
        crops_nms_thresh=0.995,
    )
    masks = np.stack([np.asarray(mask) for mask in wanted["masks"]])
    found = model.segment_all(image, cancel=CancelToken())
    assert len(found) == len(masks) > 1
    assert (found.masks == masks).all()
    assert found.scores == pytest.approx(np.clip(np.asarray(wanted["scores"]), 0, 1), abs=1e-6)
    assert found.labels[:2] == ("segment 1", "segment 2")
    monkeypatch.setattr(sam2_hf, "PIXELS_AT_ONCE", 5 * 3 * 120 * 200)
    few = model.segment_all(image, cancel=CancelToken())
    assert len(few) == len(found)
    assert (few.masks != masks).mean() < 1e-3
    view = resize(crop(image, [10, 20, 110, 100]), (200, 160))
    part = model.segment_all(view, cancel=CancelToken())
    assert part.frame == image.frame
    assert not part.masks[:, :20].any()
    assert not part.masks[:, :, 110:].any()


def test_nothing_sure_in_the_picture_is_no_mask(model, image, monkeypatch):
    monkeypatch.setattr(sam2_hf, "GRID", 2)
    processor = model._processor.image_processor
    strict = partial(processor.filter_masks, pred_iou_thresh=1.1)
    monkeypatch.setattr(processor, "filter_masks", strict)
    assert len(model.segment_all(image, cancel=CancelToken())) == 0


def test_weights_saved_for_films_serve_pictures_too(hub, image, region):
    hub(sam2_hf.SMALL.weights, build_sam2_video)  # what the hub has under these ids
    found = sam2_hf.SMALL.load().segment(image, cancel=CancelToken(), region=region)
    assert len(found) > 0


def test_without_weights_it_is_not_ready(checkpoint):
    assert not SPEC.missing()
    assert "not on this machine" in sam2_hf.LARGE.missing()
    assert sam2_hf.LARGE.mend() == "ocelli models pull sam2-large"
