"""Florence-2 says what the library says on the same weights, and its places lie in the root."""

from __future__ import annotations

import numpy as np
import pytest
from checkpoints.florence2 import ANSWERS, build_florence2, scene
from PIL import Image as PilImage

from tools.context import CancelToken, ToolContext
from tools.errors import BadArguments, Cancelled
from tools.experts.caption import caption
from tools.experts.dense_captions import dense_captions
from tools.experts.describe_region import describe_region
from tools.experts.ground import ground
from tools.geometry import crop, pad, resize, scale
from tools.models import florence2
from tools.types import Boxes, Image

SAID = dict(ANSWERS)
BOX = (10, 16, 50, 48)
"""Of the red box of `scene`, pixels."""
STEP = 0.1
"""One step of the model's grid in the pixels of `scene`."""


@pytest.fixture(scope="module")
def checkpoint(hub):
    return hub(florence2.BASE.weights, build_florence2)


@pytest.fixture(scope="module", autouse=True)
def _short_answers():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(florence2, "MAX_TOKENS", 24)
        yield


@pytest.fixture(scope="module")
def model(checkpoint):
    return florence2.BASE.load()


class One:
    """Every ability by the one model."""

    def __init__(self, model):
        self.model = model

    def use(self, ability, *args, labels, cancel, **kwargs):
        return getattr(self.model, ability)(*args, cancel=cancel, **kwargs)


@pytest.fixture
def context(model) -> ToolContext:
    return ToolContext(One(model))


@pytest.fixture
def image() -> Image:
    return Image.as_root(scene())


@pytest.fixture(scope="module")
def own(checkpoint):
    """What the library itself says: raw text, and its own parse at a size."""
    import torch
    from transformers import AutoModelForImageTextToText, AutoProcessor

    processor = AutoProcessor.from_pretrained(checkpoint)
    net = AutoModelForImageTextToText.from_pretrained(checkpoint, dtype=torch.float32).eval()

    def ask(pixels, prompt, task):
        inputs = processor(text=prompt, images=PilImage.fromarray(pixels), return_tensors="pt")
        with torch.inference_mode():
            made = net.generate(**inputs, max_new_tokens=24, num_beams=3, do_sample=False)
        text = processor.batch_decode(made, skip_special_tokens=False)[0]
        size = (pixels.shape[1], pixels.shape[0])
        return processor.post_process_generation(text, task=task, image_size=size)[task]

    return ask


@pytest.mark.parametrize("detail", list(florence2.TASKS))
def test_a_caption_is_the_librarys(model, own, detail, rng):
    task = florence2.TASKS[detail]
    for pixels in (scene(), rng.integers(0, 255, (70, 90, 3), np.uint8)):
        said = model.caption(Image.as_root(pixels), detail, cancel=CancelToken()).value
        assert said == florence2._plain(own(pixels, task, task))


def test_it_says_what_it_learned(model, image):
    stop = CancelToken()
    assert model.caption(image, cancel=stop).value == SAID["<CAPTION>"]
    assert model.caption(image, "detailed", cancel=stop).value == SAID["<DETAILED_CAPTION>"]


def test_phrases_get_the_librarys_boxes(model, own, image):
    task = "<CAPTION_TO_PHRASE_GROUNDING>"
    found = model.ground(image, "the red box", cancel=CancelToken())
    theirs = own(image.pixels, f"{task}the red box", task)
    assert found.labels == tuple(theirs["labels"]) == ("the red box",)
    # The library cuts the middle of a step down to a whole pixel.
    assert np.floor(found.xyxy).tolist() == theirs["bboxes"]
    assert found.xyxy == pytest.approx(np.array([BOX]), abs=STEP)
    assert 0 < found.scores[0] <= 1


def test_a_phrase_without_a_box_is_no_box(model, image):
    assert len(model.ground(image, "a dog", cancel=CancelToken())) == 0


@pytest.mark.parametrize("sentence", ["", " <> ", "x" * 2000])
def test_a_sentence_must_have_a_length(model, image, sentence):
    with pytest.raises(BadArguments, match="letters"):
        model.ground(image, sentence, cancel=CancelToken())


@pytest.mark.parametrize(
    "sentence", ["the <red> box", "<CAPTION> the red box", "the red box<loc_1>"]
)
def test_words_of_the_models_language_are_only_words(model, image, sentence):
    model.ground(image, sentence, cancel=CancelToken())


def test_dense_captions_and_their_places(model, own, image):
    task = "<DENSE_REGION_CAPTION>"
    found = model.dense_captions(image, cancel=CancelToken())
    theirs = own(image.pixels, task, task)
    assert found.labels == tuple(theirs["labels"]) == ("red box", "white")
    assert np.floor(found.xyxy).tolist() == theirs["bboxes"]


def test_the_region_is_given_as_steps(model, image, own):
    region = Boxes(image.frame, np.array([BOX], np.float32), ("it",), np.ones(1, np.float32))
    task = "<REGION_TO_DESCRIPTION>"
    said = model.describe_region(image, region, cancel=CancelToken())
    theirs = own(image.pixels, f"{task}<loc_100><loc_200><loc_500><loc_600>", task)
    assert said == [florence2._plain(theirs)] == ["a red thing"]


def test_lines_and_words_of_text(model, own, image):
    task = "<OCR_WITH_REGION>"
    lines = model.read_text(image, cancel=CancelToken())
    theirs = own(image.pixels, task, task)
    assert lines.texts == tuple(theirs["labels"]) == ("hi you",)
    assert np.floor(lines.quads).reshape(-1, 8).tolist() == theirs["quad_boxes"]
    words = model.read_text(image, level="word", cancel=CancelToken())
    assert words.texts == ("hi", "you")
    assert words.level == "word"
    assert words.xyxy[0, 2] <= words.xyxy[1, 0]
    assert lines.xyxy[0, 0] <= words.xyxy[:, 0].min()
    assert words.xyxy[:, 2].max() <= lines.xyxy[0, 2]


def test_boxes_of_a_view_lie_in_the_root(model, image):
    wide = pad(image, 20, 10, 30, 40, 255)
    root = Image.as_root(wide.pixels)
    view = crop(root, [20, 10, 120, 90])
    larger = resize(view, (200, 160))
    for seen, slack in ((view, 0.0), (larger, 0.0)):
        again = model.dense_captions(Image.as_root(seen.pixels), cancel=CancelToken())
        found = model.dense_captions(seen, cancel=CancelToken())
        factor = seen.width / view.width
        moved = again.xyxy / factor + np.array([20, 10, 20, 10])
        assert found.frame == root.frame
        assert found.xyxy == pytest.approx(moved, abs=1e-3 + slack)
    assert model.dense_captions(view, cancel=CancelToken()).xyxy[0] == pytest.approx(
        np.array(BOX) + [20, 10, 20, 10], abs=STEP
    )


def test_a_stopped_call_does_not_begin(model, image):
    stop = CancelToken()
    stop.cancel()
    with pytest.raises(Cancelled):
        model.caption(image, cancel=stop)


def test_a_generation_stops_within_a_token(model, image):
    stop = CancelToken()
    steps = []

    def look(*_):
        steps.append(1)
        stop.cancel()

    hook = model._model.register_forward_pre_hook(look)
    with pytest.raises(Cancelled):
        model.caption(image, cancel=stop)
    hook.remove()
    assert len(steps) == 1


def test_its_bytes_are_counted(model):
    assert model.nbytes() > 100_000


# The abilities


def test_the_picture_or_each_part_is_described(context, image):
    assert caption(context, image).value == SAID["<CAPTION>"]
    assert caption(context, image, detail="detailed").value == SAID["<DETAILED_CAPTION>"]
    whole = np.array([[0, 0, 100, 80], [0, 0, 100, 80]], np.float32)
    two = Boxes(image.frame, whole, ("left", "right"), np.ones(2, np.float32))
    assert caption(context, image, region=two).value == "left: red box\nright: red box"
    assert caption(context, image, region=two.take([0])).value == "red box"
    assert caption(context, image, region=two.take([])).value == ""


def test_each_thing_gets_a_row_with_its_box(context, image):
    found = dense_captions(context, image)
    table = describe_region(context, image, found)
    assert table.columns == ("thing", "description")
    assert [row["thing"] for row in table] == ["red box", "white"]
    assert table.rows[0][1] == "a red thing"
    assert table.box(0, 1).xyxy == pytest.approx(found.xyxy[:1])
    assert len(describe_region(context, image, found.take([]))) == 0


def test_things_of_another_picture_are_refused(context, image):
    found = dense_captions(context, image)
    other = scale(Image.as_root(scene(60, 60)), 1.0)
    for tool in (describe_region, caption):
        with pytest.raises(BadArguments):
            tool(context, other, region=found)


def test_a_sentence_is_tied_to_the_picture(context, image):
    assert ground(context, image, "the red box").labels == ("the red box",)
    with pytest.raises(BadArguments, match="no sentence"):
        ground(context, image, "  ")


def test_without_weights_it_is_not_ready(checkpoint):
    assert not florence2.BASE.missing()
    assert "not on this machine" in florence2.LARGE.missing()
    assert florence2.LARGE.mend() == "ocelli models pull florence2-large"
