"""Previews show what the latents hold, the right way up, as the VAE itself has coded it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from checkpoints.diffusion import build_klein, build_sd

from tools.models import flux2_klein, sd_control
from tools.previews import sketcher

SIZE = {"width": 96, "height": 64}


@pytest.fixture
def pixels(rng):
    """(1, 3, 64, 96) from -1 to 1: noise, so that no two places are alike."""
    return torch.from_numpy(rng.uniform(-1, 1, (1, 3, 64, 96)).astype(np.float32))


@pytest.fixture(scope="module")
def klein(hub):
    hub(flux2_klein.REPO, build_klein)
    pipeline = flux2_klein.MODEL.load()._pipeline
    with torch.no_grad():  # as trained: not one and not nought
        pipeline.vae.bn.running_mean.normal_(generator=torch.Generator().manual_seed(0))
        pipeline.vae.bn.running_var.uniform_(0.5, 2, generator=torch.Generator().manual_seed(1))
    return pipeline


def test_the_tokens_of_flux_are_shown_as_the_latents_they_stand_for(klein, pixels):
    sketch = sketcher(klein, SIZE)
    with torch.inference_mode():
        tokens = klein._pack_latents(klein._encode_vae_image(pixels, None))
        latents = klein.vae.encode(pixels).latent_dist.mode()
    shown = sketch(tokens)
    assert shown.shape == (32, 48, 3)
    known = latents[0].permute(1, 2, 0).numpy()
    weights = klein._ocelli_colours
    wanted = np.clip(known @ weights[:-1] + weights[-1], 0, 255)
    assert np.abs(shown - wanted).max() <= 0.6
    assert np.ptp(wanted) > 1, "one colour all over would fit in any order"


def test_tokens_of_another_size_are_not_shown(klein):
    tokens = torch.zeros(1, 7, len(klein.vae.bn.running_mean))
    assert sketcher(klein, SIZE)(tokens) is None
    assert sketcher(klein, {})(tokens) is None


def test_colours_come_out_as_they_went_in(hub):
    """A VAE that only makes colours smaller is undone as a whole."""
    hub(sd_control.SD15.repo, build_sd)
    model = sd_control.SMALL.load()
    pipeline = model._pipeline

    class Shrinks(torch.nn.Module):
        config = pipeline.vae.config
        device, dtype = torch.device("cpu"), torch.float32

        def encode(self, pixels):
            small = torch.nn.functional.avg_pool2d(pixels, 2)
            four = torch.cat([small, small[:, :1]], dim=1)
            mode = lambda: four  # noqa: E731
            return type(
                "Coded", (), {"latent_dist": type("Dist", (), {"mode": staticmethod(mode)})}
            )

    Shrinks.__name__ = "AutoencoderKL"
    bare = type("Bare", (), {"vae": Shrinks()})()
    colours = torch.tensor([[1.0, -1.0, 0.0], [0.2, 0.4, -0.6]])
    latents = torch.cat([colours, colours[:, :1]], dim=1).T.reshape(1, 4, 1, 2)
    shown = sketcher(bare, {})(latents * pipeline.vae.config.scaling_factor)
    assert shown.tolist() == [[[255, 0, 128], [153, 178, 51]]]
    model.close()
