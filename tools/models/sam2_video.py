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

from tools.context import CancelToken
from tools.device import here
from tools.prompted import Shares, open_shared, sam2_spec
from tools.tracks import Seen, table_of
from tools.types import Clip, Frame, Masks, Placed, Table


def load(repo: str) -> Sam2Video:
    """The model on the device of this process.

    Raises:
        SetupError: the weights are not here or damaged.
    """
    from transformers import Sam2VideoModel, Sam2VideoProcessor

    return Sam2Video(*open_shared(Sam2VideoModel, Sam2VideoProcessor, repo))


class Sam2Video(Shares):
    """Follows things through a clip."""

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


def _seen(clip: Clip, number: int, name: str, mask: NDArray[np.bool_], sure: float) -> Seen:
    """What a mask says of one thing in one frame."""
    frame = Frame("", mask.shape[1], mask.shape[0])
    box = Masks(frame, mask[None], (name,), np.ones(1, np.float32)).xyxy[0]
    x1, y1, x2, y2 = (float(v) for v in box)
    at = float(clip.seconds[number])
    return Seen(number, at, name, (x1, y1, x2, y2), float(100 * mask.mean()), sure)


_spec = partial(
    sam2_spec,
    "sam2-video",
    load,
    ability="track",
    notes="Follows things that were boxed or cut out in one frame",
)

TINY = _spec("tiny", weights_mb=156, memory_mb=800)
LARGE = _spec("large", weights_mb=898, memory_mb=2000)
