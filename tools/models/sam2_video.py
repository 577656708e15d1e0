"""SAM 2.1 for films: follows things from frame to frame, through ``transformers``.

Paper: Ravi et al., SAM 2: Segment Anything in Images and Videos, 2024
(https://arxiv.org/abs/2408.00714). It is shown the things in one frame and finds them in the
others, before and after. Knows no names of things.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.catalog import ModelSpec
from tools.context import CancelToken
from tools.device import here, nbytes
from tools.host_parts import PARTS
from tools.neural import open_model, open_processor
from tools.tracks import Seen, table_of
from tools.types import Clip, Frame, Masks, Placed, Table


def load(repo: str) -> Sam2Video:
    """The model on the device of this process.

    Raises:
        SetupError: the weights are not here or damaged.
    """
    import torch
    from transformers import Sam2VideoModel, Sam2VideoProcessor

    processor = open_processor(Sam2VideoProcessor, repo)
    model = open_model(Sam2VideoModel, repo, dtype=torch.float32)
    model.vision_encoder = PARTS.share(f"{repo} vision_encoder", model, model.vision_encoder)
    return Sam2Video(model, processor)


class Sam2Video:
    """Follows things through a clip."""

    def __init__(self, model: Any, processor: Any) -> None:
        self._model, self._processor = model, processor

    def __call__(self, clip: Clip, *, things: Placed, start: int, cancel: CancelToken) -> Table:
        """Where the things of frame `start` are in each frame; none where they are not seen."""
        import torch

        cancel.check()
        device = here()
        found: list[Seen] = []
        if not len(things):
            return table_of(())
        session = self._processor.init_video_session(
            video=list(clip.frames), inference_device=device.name, video_storage_device="cpu"
        )
        with (
            torch.inference_mode(),
            torch.autocast(device.name.split(":")[0], device.dtype, enabled=device.is_gpu),
        ):
            self._show(session, things, start)
            for number, masks, sure in self._followed(session, start, cancel):
                for row, mask in enumerate(masks):
                    if mask.any():
                        found.append(
                            _seen(clip, number, things.labels[row], mask, float(sure[row]))
                        )
        return table_of(found)

    def _show(self, session: Any, things: Placed, start: int) -> None:
        """Tell the session what to follow, and let it look at that frame."""
        asked: dict[str, Any] = (
            {"input_masks": [mask.astype(np.float32) for mask in things.masks]}
            if isinstance(things, Masks)
            else {"input_boxes": [np.asarray(things.xyxy, np.float64).tolist()]}
        )
        numbers = list(range(1, len(things) + 1))
        self._processor.add_inputs_to_inference_session(
            inference_session=session, frame_idx=start, obj_ids=numbers, **asked
        )
        self._model(inference_session=session, frame_idx=start)

    def _followed(
        self, session: Any, start: int, cancel: CancelToken
    ) -> Iterator[tuple[int, NDArray[np.bool_], NDArray[np.float32]]]:
        """(frame, masks (n, H, W), n scores), forwards from `start`, then backwards from it."""
        size = [[int(session.video_height), int(session.video_width)]]
        for back in (False, True):
            for out in self._model.propagate_in_video_iterator(
                session, start_frame_idx=start, reverse=back
            ):
                cancel.check()
                if back and out.frame_idx == start:
                    continue
                large = self._processor.post_process_masks([out.pred_masks.float()], size)[0]
                sure = out.object_score_logits.float().sigmoid().reshape(-1)
                yield int(out.frame_idx), large[:, 0].cpu().numpy(), sure.cpu().numpy()

    def nbytes(self) -> int:
        """Bytes of the weights."""
        return nbytes(self._model) - self.borrowed()

    def borrowed(self) -> int:
        """Bytes of the weights that another model is charged for."""
        return PARTS.borrowed(self._model)

    def close(self) -> None:
        """Let go of what it shares with other models."""
        PARTS.release(self._model)


def _seen(clip: Clip, number: int, name: str, mask: NDArray[np.bool_], sure: float) -> Seen:
    """What a mask says of one thing in one frame."""
    frame = Frame("", mask.shape[1], mask.shape[0])
    box = Masks(frame, mask[None], (name,), np.ones(1, np.float32)).xyxy[0]
    x1, y1, x2, y2 = (float(v) for v in box)
    at = float(clip.seconds[number])
    return Seen(number, at, name, (x1, y1, x2, y2), float(100 * mask.mean()), sure)


def _spec(size: str, weights_mb: float, memory_mb: float) -> ModelSpec:
    repo = f"facebook/sam2.1-hiera-{size}"
    return ModelSpec(
        name=f"sam2-video-{size}",
        ability="track",
        licence="Apache-2.0",
        load=partial(load, repo),
        version="1",
        modules=("torch", "torchvision", "transformers"),
        extra="vision",
        weights=repo,
        weights_mb=weights_mb,
        memory_mb=memory_mb,
        notes="Follows things that were boxed or cut out in one frame",
    )


TINY = _spec("tiny", 156, 800)
LARGE = _spec("large", 898, 2000)
