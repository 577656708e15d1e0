"""Rough, small pictures of what a pipeline has painted so far, made from its latents.

A linear map turns latents into colours: the one that fits the pipeline's own VAE best, found by
letting it encode a board of colour patches, once. So no table of numbers is needed and no network
runs after a step. Knows the two kinds of latents that Stable Diffusion and FLUX.2 work on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.repaint import Pixels


def sketcher(pipeline: Any, call: Mapping[str, Any]) -> Callable[[Any], Pixels | None]:
    """What turns the latents of a call of `pipeline` into a rough picture.

    Args:
        pipeline: whose VAE it is fitted to.
        call: what the pipeline is called with; tells the size of packed latents.

    Returns:
        A function of latents; it gives None for latents of other kinds.
    """
    if not hasattr(pipeline, "_ocelli_colours"):
        pipeline._ocelli_colours = _colours(pipeline.vae)
    weights = pipeline._ocelli_colours

    def sketch(latents: Any) -> Pixels | None:
        if latents.ndim == 3:
            latents = _unpacked(pipeline, latents, call)
        if latents is None or weights is None or latents.shape[1] != len(weights) - 1:
            return None
        plane = latents[0].float().cpu().numpy().transpose(1, 2, 0)
        rgb = plane @ weights[:-1] + weights[-1]
        return np.asarray(np.clip(np.round(rgb), 0, 255), np.uint8)

    return sketch


def _unpacked(pipeline: Any, tokens: Any, call: Mapping[str, Any]) -> Any:
    """FLUX.2's tokens, row by row, as the latents of its VAE (1, c, h, w); None for others'.

    A token holds two by two latents, in units of the VAE's batch normalization: what the library's
    pipeline undoes before it decodes.
    """
    norm = getattr(pipeline.vae, "bn", None)
    if norm is None or not {"width", "height"} <= call.keys():
        return None
    cell = 2 * pipeline.vae_scale_factor
    height, width = call["height"] // cell, call["width"] // cell
    if tokens.shape[1:] != (height * width, len(norm.running_mean)):
        return None
    spread = (norm.running_var + pipeline.vae.config.batch_norm_eps).sqrt()
    flat = tokens[0].float() * spread.float() + norm.running_mean.float()
    cells = flat.reshape(height, width, -1, 2, 2).permute(2, 0, 3, 1, 4)
    return cells.reshape(1, -1, 2 * height, 2 * width)


def _colours(vae: Any) -> NDArray[np.float32] | None:
    """(c + 1, 3) map of scaled latents and 1 to RGB from 0 to 255; None for other kinds of VAE."""
    import torch

    kind = type(vae).__name__
    if kind not in ("AutoencoderKL", "AutoencoderKLFlux2"):
        return None
    side = 4 * 2 ** (len(vae.config.block_out_channels) - 1)
    patches = np.random.default_rng(0).integers(0, 256, (8, 8, 3))
    board = np.kron(patches, np.ones((side, side, 1))).astype(np.float32)
    pixels = torch.from_numpy(board / 127.5 - 1).permute(2, 0, 1)[None]
    with torch.inference_mode():
        latents = vae.encode(pixels.to(vae.device, vae.dtype)).latent_dist.mode()[0].float()
    if kind == "AutoencoderKL":
        shift = getattr(vae.config, "shift_factor", None) or 0.0
        latents = (latents - shift) * vae.config.scaling_factor
    flat = latents.cpu().flatten(1).numpy().T
    small = board.reshape(32, side // 4, 32, side // 4, 3).mean(axis=(1, 3)).reshape(-1, 3)
    known = np.concatenate([flat, np.ones((len(flat), 1), np.float32)], axis=1)
    weights, *_ = np.linalg.lstsq(known, small, rcond=None)
    return np.asarray(weights, np.float32)
