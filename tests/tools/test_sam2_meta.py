"""SAM 2.1 by Meta's package: what the package itself gives, and what ``transformers`` gives."""

from __future__ import annotations

import numpy as np
import pytest
from checkpoints.sam2 import build_sam2_full

from tools.context import CancelToken
from tools.errors import SetupError
from tools.models import sam2_hf, sam2_meta
from tools.types import Boxes, Image, Masks, Points

pytest.importorskip("sam2")
pytestmark = pytest.mark.filterwarnings("ignore")  # of hydra, omegaconf and torch.jit
CORNERS = np.array([[200, 300, 800, 900], [100, 100, 600, 600]], np.float32)


@pytest.fixture(scope="module")
def checkpoint(hub):
    return hub(sam2_meta.TINY.weights, build_sam2_full)


@pytest.fixture(scope="module")
def model(checkpoint):
    return sam2_meta.TINY.load()


@pytest.fixture(scope="module")
def image() -> Image:
    rng = np.random.default_rng(0)
    return Image.as_root(rng.integers(0, 255, (1024, 1024, 3), np.uint8))


@pytest.fixture
def region(image) -> Boxes:
    return Boxes(image.frame, CORNERS, ("cat", "dog"), np.ones(2, np.float32))


def click(image: Image) -> Points:
    return Points(image.frame, np.array([[500, 500]], np.float32), (True,))


def test_it_answers_as_the_package_itself(model, image, region):
    import torch
    from sam2.sam2_image_predictor import SAM2ImagePredictor

    own = SAM2ImagePredictor(model._predictor.model)
    with torch.inference_mode():
        own.set_image(image.pixels.copy())
        masks, scores, _ = own.predict(box=CORNERS, multimask_output=False)
    found = model(image, cancel=CancelToken(), region=region)
    assert (found.masks == (masks[:, 0] > 0)).all()
    assert found.scores == pytest.approx(np.clip(scores[:, 0], 0, 1), abs=1e-6)
    assert found.labels == ("cat", "dog")


@pytest.mark.parametrize("prompt", ["boxes", "click", "both", "nothing", "rough mask"])
def test_it_answers_as_transformers_on_the_same_weights(model, image, region, prompt):
    other = sam2_hf.TINY.load()
    drawn = np.zeros((1, 1024, 1024), np.bool_)
    drawn[0, 300:900, 200:800] = True
    asked = {
        "boxes": {"region": region},
        "click": {"points": click(image)},
        "both": {"region": region, "points": click(image)},
        "nothing": {},
        "rough mask": {"region": Masks(image.frame, drawn, ("cat",), np.ones(1, np.float32))},
    }[prompt]
    ours = model(image, cancel=CancelToken(), **asked)
    theirs = other.segment(image, cancel=CancelToken(), **asked)
    assert ours.labels == theirs.labels
    assert len(ours) > 0
    assert 0 < ours.masks.mean() < 1
    assert (ours.masks != theirs.masks).mean() < 1e-3  # sums in another order
    assert ours.scores == pytest.approx(theirs.scores, abs=1e-3)


def test_further_prompts_on_a_picture_do_not_encode_again(model, image, region):
    encoded: list[int] = []
    hook = model._predictor.model.image_encoder.register_forward_hook(lambda *_: encoded.append(1))
    fresh = Image.as_root(image.pixels[::-1].copy())
    first = model(fresh, cancel=CancelToken(), points=click(fresh))
    model(image, cancel=CancelToken(), region=region)
    again = model(fresh, cancel=CancelToken(), points=click(fresh))
    hook.remove()
    assert len(encoded) <= 2
    assert (first.masks == again.masks).all()


def test_a_pickle_is_read_as_weights_only(model, hub, tmp_path):
    import torch

    def pickled(folder):
        torch.save({"model": model._predictor.model.state_dict()}, folder / "sam2.1_tiny.pt")

    hub(sam2_meta.TINY.weights, pickled)
    loaded = sam2_meta.TINY.load()._predictor.model.state_dict()
    assert all((loaded[k] == v).all() for k, v in model._predictor.model.state_dict().items())

    class Trap:
        def __reduce__(self):
            return (tmp_path.joinpath("sprung").touch, ())

    def trapped(folder):
        torch.save({"model": Trap()}, folder / "sam2.1_tiny.pt")

    hub(sam2_meta.TINY.weights, trapped)
    with pytest.raises(SetupError, match="does not load"):
        sam2_meta.TINY.load()
    assert not tmp_path.joinpath("sprung").exists()
