"""SAM 3 gives what the library gives on the same weights, and encodes a picture once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from checkpoints.sam3 import build_sam3
from PIL import Image as PilImage

from tools.catalog import ANY, Catalog
from tools.context import CancelToken, ToolContext
from tools.errors import BadArguments, Cancelled
from tools.experts.segment_phrase import segment_phrase
from tools.geometry import crop, place_masks, resize
from tools.models import sam3
from tools.types import Boxes, Image, Masks

SPEC = sam3.MODEL
GO = CancelToken()
PHRASES = ("red bus", "wheel")
FLOOR = 0.2
"""Random weights are sure of little."""


@pytest.fixture(scope="module")
def checkpoint(hub):
    return hub(SPEC.weights, build_sam3)


@pytest.fixture(scope="module")
def model(checkpoint):
    return SPEC.load()


@pytest.fixture(scope="module")
def library(checkpoint):
    """The library's own call: processor, model and post-processing for one phrase."""
    import torch
    from transformers import Sam3Model, Sam3Processor

    processor = Sam3Processor.from_pretrained(checkpoint)
    net = Sam3Model.from_pretrained(checkpoint, dtype=torch.float32).eval()

    def call(image, phrase, floor):
        shown = PilImage.fromarray(image.pixels)
        inputs = processor(images=shown, text=phrase, return_tensors="pt")
        with torch.inference_mode():
            out = net(**inputs)
        return processor.post_process_instance_segmentation(
            out,
            threshold=floor,
            mask_threshold=0.5,
            target_sizes=inputs["original_sizes"].tolist(),
        )[0]

    return call


@pytest.fixture
def image(rng) -> Image:
    coarse = PilImage.fromarray(rng.integers(0, 255, (6, 8, 3), np.uint8))
    return Image.as_root(np.asarray(coarse.resize((160, 120), PilImage.Resampling.BICUBIC)))


def only(model) -> ToolContext:
    """A context that has this model alone."""

    class Only:
        def use(self, ability, *args, labels, cancel, **kwargs):
            assert ability == "segment_phrase"
            return model(*args, labels=labels, cancel=cancel, **kwargs)

    return ToolContext(Only())


def test_instances_are_those_of_the_library(model, library, image):
    found = model(image, labels=PHRASES, cancel=GO, min_score=FLOOR)
    total = 0
    for phrase in PHRASES:
        wanted = library(image, phrase, FLOOR)
        rows = [i for i, label in enumerate(found.labels) if label == phrase]
        order = np.argsort(-wanted["scores"].numpy(), kind="stable")
        there = [i for i in order if wanted["masks"][i].any()]
        assert len(rows) == len(there) > 0
        assert (found.masks[rows] == wanted["masks"].numpy().astype(bool)[there]).all()
        assert (found.scores[rows] == wanted["scores"].numpy()[there]).all()
        total += len(rows)
    assert total == len(found)
    assert (np.diff(found.scores) <= 0).all()
    assert any(0 < mask.mean() < 1 for mask in found.masks)


def test_another_phrase_is_another_answer(model, image):
    one, other = (model(image, labels=(p,), cancel=GO, min_score=FLOOR) for p in PHRASES)
    assert one.masks.shape != other.masks.shape or (one.masks != other.masks).any()


def test_nothing_sure_is_no_mask(model, library, image):
    assert len(library(image, PHRASES[0], 0.99)["scores"]) == 0
    found = model(image, labels=PHRASES, cancel=GO, min_score=0.99)
    assert (len(found), found.frame) == (0, image.frame)
    assert len(model(image, labels=(), cancel=GO)) == 0


def test_further_phrases_do_not_encode_again(checkpoint, image):
    model = SPEC.load()
    encoded: list[int] = []
    model._model.vision_encoder.register_forward_hook(lambda *_: encoded.append(1))
    before = model.nbytes()
    model(image, labels=PHRASES, cancel=GO)
    model(Image.as_root(image.pixels.copy()), labels=("window",), cancel=GO)
    assert len(encoded) == 1
    assert model.nbytes() > before
    for shade in range(sam3.KEPT + 1):
        model(Image.as_root(np.full((40, 40, 3), shade, np.uint8)), labels=("a",), cancel=GO)
    assert len(model._kept) == sam3.KEPT


def test_masks_of_a_view_lie_in_the_root(model, image):
    view = resize(crop(image, [20, 10, 100, 70]), (160, 120))
    seen = model(Image.as_root(view.pixels), labels=PHRASES, cancel=GO, min_score=FLOOR)
    found = model(view, labels=PHRASES, cancel=GO, min_score=FLOOR)
    placed = place_masks(view, seen.masks, seen.labels, seen.scores)
    assert found.frame == image.frame
    assert (found.masks == placed.masks).all()
    assert len(found) > 0
    assert not found.masks[:, 70:].any()


def test_a_long_phrase_is_cut_to_what_the_model_reads(model, image):
    found = model(image, labels=("a very long phrase " * 40,), cancel=GO, min_score=FLOOR)
    assert isinstance(found, Masks)


def test_the_ability_looks_into_each_region_once(model, image):
    corners = np.array([[0, 0, 80, 120], [80, 0, 160, 120], [80, 0, 160, 120]], np.float32)
    region = Boxes(image.frame, corners, ("l", "r", "r"), np.ones(3, np.float32))
    found = segment_phrase(
        only(model), image, phrases=list(PHRASES), region=region, min_score=FLOOR
    )
    right = model(crop(image, corners[1]), labels=PHRASES, cancel=GO, min_score=FLOOR)
    left = model(crop(image, corners[0]), labels=PHRASES, cancel=GO, min_score=FLOOR)
    assert 0 < len(found) <= len(left) + len(right)
    assert (np.diff(found.scores) <= 0).all()
    assert found.scores.max() == max(*left.scores, *right.scores)


def test_the_ability_hands_on_what_was_asked(image):
    class Asked:
        def use(self, ability, image, *, labels, cancel, **more):
            self.said = (ability, labels, more)
            return Masks(image.frame, np.zeros((0, 120, 160), np.bool_), (), np.zeros(0))

    asked = Asked()
    empty = segment_phrase(ToolContext(asked), image, phrases=[" red  mug", "red mug", ""])
    assert len(empty) == 0
    assert asked.said == ("segment_phrase", ("red mug",), {})
    segment_phrase(ToolContext(asked), image, phrases=["mug"], min_score=0.7)
    assert asked.said[2] == {"min_score": 0.7}


def test_models_that_list_names_are_asked_for_those(image, monkeypatch):
    class Asked:
        def use(self, ability, image, *, labels, cancel):
            self.labels = labels
            return Masks(image.frame, np.zeros((0, 120, 160), np.bool_), (), np.zeros(0))

    asked = Asked()
    listing = replace(SPEC, name="lists", labels=("car", "person"), weights="none", modules=())
    catalog = Catalog({}, {"lists": listing})
    monkeypatch.setattr("tools.experts.segment_phrase.discover", lambda: catalog)
    segment_phrase(ToolContext(asked), image, phrases=["the cars", "people", "red door"])
    assert asked.labels == ("car", "person", "red door")
    catalog.models["any"] = replace(listing, name="any", labels=ANY)
    segment_phrase(ToolContext(asked), image, phrases=["the cars"])
    assert asked.labels == ("cars",)


def test_without_a_name_or_with_a_strange_region_it_is_refused(image):
    other = Image.as_root(np.zeros((9, 9, 3), np.uint8))
    box = Boxes(other.frame, np.float32([[0, 0, 5, 5]]), ("x",), np.ones(1, np.float32))
    with pytest.raises(BadArguments, match="no name"):
        segment_phrase(ToolContext(None), image, phrases=["  "])
    with pytest.raises(BadArguments, match="another picture"):
        segment_phrase(ToolContext(None), image, phrases=["mug"], region=box)


def test_a_stopped_call_does_not_begin(model, image):
    stop = CancelToken()
    stop.cancel()
    with pytest.raises(Cancelled):
        model(image, labels=PHRASES, cancel=stop)


def test_its_own_terms_are_not_taken_for_free_ones(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    assert not SPEC.permissive
    assert "not on this machine" in SPEC.missing()
