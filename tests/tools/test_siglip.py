"""SigLIP and CLIP weigh labels as the library's pipeline does; their vectors compare."""

from __future__ import annotations

import numpy as np
import pytest
from checkpoints.siglip import COLORS, build_clip, build_siglip, build_siglip2, plain
from PIL import Image as PilImage

from tools.context import CancelToken, ToolContext
from tools.errors import BadArguments, Cancelled
from tools.experts.classify import classify
from tools.experts.embed import embed
from tools.experts.find_similar import find_similar
from tools.experts.tag import tag
from tools.models import siglip
from tools.types import Boxes, Image

SPECS = {spec.name: spec for spec in (siglip.CLIP, siglip.SIGLIP, siglip.SIGLIP2)}
BUILDS = {"clip-base": build_clip, "siglip-base": build_siglip, "siglip2-base": build_siglip2}
LABELS = ("red", "a dog", "green")


@pytest.fixture(scope="module", params=list(SPECS))
def spec(request):
    return SPECS[request.param]


@pytest.fixture(scope="module")
def checkpoint(hub, spec):
    return hub(spec.weights, BUILDS[spec.name])


@pytest.fixture(scope="module")
def model(checkpoint, spec):
    return spec.load()


class One:
    """Every ability by the one model, labels given as the host gives them."""

    def __init__(self, model):
        self.model = model

    def use(self, ability, *args, labels, cancel, **kwargs):
        return getattr(self.model, ability)(*args, labels=labels, cancel=cancel, **kwargs)


@pytest.fixture
def context(model) -> ToolContext:
    return ToolContext(One(model))


@pytest.fixture(scope="module")
def clip(hub) -> ToolContext:
    hub(siglip.CLIP.weights, build_clip)
    return ToolContext(One(siglip.CLIP.load()))


@pytest.fixture
def image(rng) -> Image:
    return Image.as_root(rng.integers(0, 255, (90, 120, 3), np.uint8), "noise.png")


def picture_of(color: str) -> Image:
    return Image.as_root(plain(color), f"{color}.png")


def test_labels_are_weighed_as_by_the_library(model, checkpoint, image):
    import torch
    from transformers import pipeline

    ask = pipeline(
        "zero-shot-image-classification", model=str(checkpoint), device="cpu", dtype=torch.float32
    )
    theirs = ask(PilImage.fromarray(image.pixels), candidate_labels=list(LABELS))
    found = model.classify(image, labels=LABELS, cancel=CancelToken())
    assert found.texts == tuple(row["label"] for row in theirs)
    assert found.scores == pytest.approx([row["score"] for row in theirs], abs=1e-6)


def test_vectors_are_the_librarys_made_unit(model, checkpoint, image):
    import torch
    from transformers import AutoModel, AutoProcessor

    processor = AutoProcessor.from_pretrained(checkpoint)
    net = AutoModel.from_pretrained(checkpoint, dtype=torch.float32).eval()
    with torch.inference_mode():
        inputs = processor(images=PilImage.fromarray(image.pixels), return_tensors="pt")
        wanted = net.get_image_features(**inputs).pooler_output[0].numpy()
    found = model.embed(image, cancel=CancelToken())
    assert found.names == ("noise.png",)
    assert found.vectors[0] == pytest.approx(wanted / np.linalg.norm(wanted), abs=1e-6)
    assert found.model == f"{model._name}"
    assert "@0000" in found.model


def test_several_pictures_give_what_each_gives_alone(model, image):
    other = picture_of("red")
    both = model.embed([image, other], cancel=CancelToken())
    for row, one in enumerate((image, other)):
        alone = model.embed(one, cancel=CancelToken())
        assert both.vectors[row] == pytest.approx(alone.vectors[0], abs=1e-5)
        assert both.names[row] == one.name


def test_tags_come_from_the_vocabulary(model, image):
    found = model.tag(image, cancel=CancelToken())
    assert 1 <= len(found.texts) <= siglip.MOST
    assert set(found.texts) <= set(siglip.vocabulary())
    assert (np.diff(found.scores) <= 0).all()
    every = model.classify(image, labels=siglip.vocabulary(), cancel=CancelToken())
    assert every.texts[: len(found.texts)] == found.texts
    assert model.tag(image, cancel=CancelToken()).texts == found.texts


def test_a_stopped_call_does_not_begin(model, image):
    stop = CancelToken()
    stop.cancel()
    for call in (model.tag, model.embed):
        with pytest.raises(Cancelled):
            call(image, cancel=stop)
    with pytest.raises(Cancelled):
        model.classify(image, labels=LABELS, cancel=stop)


def test_long_labels_are_cut_not_refused(model, image):
    found = model.classify(image, labels=("a very long label " * 40, "dog"), cancel=CancelToken())
    assert len(found.texts) == 2


def test_the_vocabulary_has_no_double_and_no_blank():
    words = siglip.vocabulary()
    assert len(words) > 500
    assert all(word == word.strip() and word for word in words)


def test_parts_of_a_picture(context, image):
    place = np.array([[0, 0, 40, 40], [50, 20, 110, 80]], np.float32)
    region = Boxes(image.frame, place, ("a", "b"), np.ones(2, np.float32))
    assert embed(context, image, region).names == ("a", "b")
    assert classify(context, image, list(LABELS), region).of == "classes of a"
    assert tag(context, image, region).of == "tags of a"
    for call in (lambda r: embed(context, image, r), lambda r: tag(context, image, r)):
        with pytest.raises(BadArguments, match="empty"):
            call(region.take([]))


def test_labels_must_be_given(context, image):
    with pytest.raises(BadArguments, match="no labels"):
        classify(context, image, [" ", ""])


# What the trained one knows


@pytest.mark.parametrize("color", list(COLORS))
def test_a_trained_model_names_the_colour(clip, color):
    found = classify(clip, picture_of(color), list(COLORS))
    assert found.texts[0] == color
    assert found.scores.sum() == pytest.approx(1)


@pytest.mark.parametrize("color", list(COLORS))
def test_pictures_are_found_by_picture_and_by_text(clip, color):
    gathered = None
    for other in COLORS:
        gathered = embed(clip, picture_of(other), after=gathered)
    assert gathered.names == ("red.png", "green.png", "blue.png")
    by_picture = find_similar(clip, gathered, image=picture_of(color))
    assert by_picture.texts[0] == f"{color}.png"
    assert by_picture.scores[0] == pytest.approx(1, abs=1e-5)
    by_text = find_similar(clip, gathered, text=f"This is a photo of {color}.", limit=2)
    assert by_text.texts[0] == f"{color}.png"
    assert len(by_text.texts) == 2


def test_a_query_is_one_thing(clip):
    among = embed(clip, picture_of("red"))
    for wrong in ({}, {"image": picture_of("red"), "text": "red"}):
        with pytest.raises(BadArguments, match="either"):
            find_similar(clip, among, **wrong)


def test_vectors_of_other_models_do_not_compare(clip):
    among = embed(clip, picture_of("red"))
    strange = type(among)(among.vectors, among.names, "another")
    with pytest.raises(BadArguments, match="do not compare"):
        find_similar(clip, strange, text="red")
    with pytest.raises(BadArguments, match="do not compare"):
        embed(clip, picture_of("red"), after=strange)
