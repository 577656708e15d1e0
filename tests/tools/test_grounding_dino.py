"""Grounding DINO and LLMDet give what the library gives on the same weights, in root pixels."""

from __future__ import annotations

import numpy as np
import pytest
from checkpoints.grounding_dino import build_grounding_dino, build_mm_grounding_dino
from PIL import Image as PilImage

from tools.context import CancelToken
from tools.errors import Cancelled
from tools.geometry import crop, resize
from tools.models import grounding_dino
from tools.types import Image

GO = CancelToken()
PHRASES = ("Red bus", "person", "the wheel of a bus")
FLOOR = 1e-6
"""Random weights are sure of nothing."""


@pytest.fixture(scope="module", params=["grounding-dino", "llmdet"])
def opened(request, hub):
    """The folder of a checkpoint, and the detector as it is loaded from it."""
    dino = request.param == "grounding-dino"
    spec = grounding_dino.TINY if dino else grounding_dino.LLMDET_LARGE
    folder = hub(spec.weights, build_grounding_dino if dino else build_mm_grounding_dino)
    return folder, spec.load()


@pytest.fixture
def image(rng) -> Image:
    return Image.as_root(rng.integers(0, 255, (120, 200, 3), np.uint8))


class Own:
    """What the library itself says, through its own processor."""

    def __init__(self, folder, pixels, text):
        import torch
        from transformers import AutoModelForZeroShotObjectDetection, AutoProcessor

        kind = AutoModelForZeroShotObjectDetection
        self.processor = AutoProcessor.from_pretrained(folder)
        model = kind.from_pretrained(folder, dtype=torch.float32).eval()
        picture = PilImage.fromarray(pixels)
        inputs = self.processor(images=picture, text=text, return_tensors="pt")
        with torch.inference_mode():
            self.outputs = model(**inputs)
        self.tokens, self.size = inputs.input_ids, pixels.shape[:2]

    def found(self, text_threshold=0.0):
        """Its answer, best box first."""
        answer = self.processor.post_process_grounded_object_detection(
            self.outputs,
            self.tokens,
            threshold=FLOOR,
            text_threshold=text_threshold,
            target_sizes=[self.size],
        )[0]
        order = np.argsort(-answer["scores"].numpy(), kind="stable")
        texts = [answer["text_labels"][i] for i in order]
        return answer["scores"].numpy()[order], answer["boxes"].numpy()[order], texts

    def logits(self):
        """Of each token, best box first."""
        logits = self.outputs.logits[0].numpy()
        return logits[np.argsort(-logits.max(axis=1), kind="stable")]


def test_it_finds_what_the_library_finds(opened, image):
    folder, model = opened
    scores, boxes, _ = Own(folder, image.pixels, [list(PHRASES)]).found()
    found = model(image, labels=PHRASES, cancel=GO, min_score=FLOOR)
    assert len(found) == len(boxes) == 30
    assert found.scores == pytest.approx(scores)
    assert found.xyxy == pytest.approx(np.clip(boxes, 0, [200, 120, 200, 120]), abs=1e-3)


def test_a_box_goes_by_the_phrase_whose_words_it_fits_best(opened, image):
    folder, model = opened
    library = Own(folder, image.pixels, [list(PHRASES)])
    stops = [i for i, token in enumerate(library.tokens[0].tolist()) if token == 1012]
    begins = [1, *(stop + 1 for stop in stops[:-1])]
    assert len(stops) == len(PHRASES)
    spans = [library.logits()[:, a:b].max(axis=1) for a, b in zip(begins, stops, strict=True)]
    best = tuple(PHRASES[i] for i in np.argmax(spans, axis=0))
    assert model(image, labels=PHRASES, cancel=GO, min_score=FLOOR).labels == best


def test_phrases_of_one_word_are_named_as_the_library_names_them(opened, image):
    folder, model = opened
    found = model(image, labels=("bus", "person"), cancel=GO, min_score=FLOOR)
    library = Own(folder, image.pixels, "bus. person.")
    certain = 1 / (1 + np.exp(-library.logits()[:, [1, 3]].astype(np.float64)))
    assert set(found.labels) == {"bus", "person"}
    for row, label in enumerate(found.labels):
        said = library.found(float(certain[row].mean()))[2][row]
        assert [word for word in ("bus", "person") if word in said] == [label]


def test_boxes_of_a_view_lie_in_the_root(opened, image):
    _, model = opened
    view = resize(crop(image, [40, 20, 140, 120]), (300, 300))
    seen = model(Image.as_root(view.pixels), labels=PHRASES, cancel=GO, min_score=FLOOR)
    found = model(view, labels=PHRASES, cancel=GO, min_score=FLOOR)
    assert found.frame == image.frame
    assert found.xyxy == pytest.approx(seen.xyxy / 3 + [40, 20, 40, 20], abs=1e-2)


def test_a_full_stop_inside_a_phrase_does_not_part_it(opened, image):
    _, model = opened
    found = model(image, labels=("st. bernard", "what?"), cancel=GO, min_score=FLOOR)
    other = model(image, labels=("st bernard", "what"), cancel=GO, min_score=FLOOR)
    assert set(found.labels) <= {"st. bernard", "what?"}
    assert found.scores == pytest.approx(other.scores)


def test_more_phrases_than_one_prompt_holds(opened, image):
    _, model = opened
    many = tuple(f"{word} {number}" for number in range(40) for word in ("bus", "person"))
    found = model(image, labels=many, cancel=GO, min_score=FLOOR)
    assert len(list(model._prompts(many))) > 1
    assert len(found) > 30  # one prompt has thirty boxes
    assert set(found.labels) <= set(many)
    long = " ".join(["bus"] * 400)
    assert set(model(image, labels=(long,), cancel=GO, min_score=FLOOR).labels) == {long}


@pytest.mark.parametrize("labels", [(), (" ",), ("...",)])
def test_nothing_asked_is_nothing_found(opened, image, labels):
    assert len(opened[1](image, labels=labels, cancel=GO, min_score=FLOOR)) == 0


def test_nothing_sure_enough_is_an_empty_answer(opened, image):
    assert len(opened[1](image, labels=PHRASES, cancel=GO, min_score=1.0)) == 0


def test_a_stopped_call_does_not_begin(opened, image):
    stop = CancelToken()
    stop.cancel()
    with pytest.raises(Cancelled):
        opened[1](image, labels=PHRASES, cancel=stop)


def test_its_bytes_are_those_of_its_weights(opened):
    folder, model = opened
    assert model.nbytes() >= sum(p.stat().st_size for p in folder.glob("*.safetensors")) * 0.9


def test_it_knows_any_name_and_says_when_its_weights_are_absent():
    assert grounding_dino.BASE.knows("a door that nobody painted")
    assert "IDEA-Research/grounding-dino-base" in grounding_dino.BASE.missing()
    assert grounding_dino.BASE.mend() == "ocelli models pull grounding-dino-base"
