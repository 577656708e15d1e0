"""Multimodal language models that watch films: what the Qwen-VL line of ``transformers`` shares.

Frames go through the model's own processor with the second at which each is shown, so that answers
may tell times; places in an answer are read by the reader of the model's convention, frame by
frame. Films are asked one at a time. Knows nothing of files or of particular models.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tools.context import CancelToken
from tools.convert_masks import Size
from tools.errors import BadArguments, ToolError, ToolFailed
from tools.grounded import LABEL_KEYS, json_parts, placed_entries
from tools.multimodal import LONGEST, Call, Multimodal
from tools.tracks import Seen, table_of
from tools.types import Artefact, Clip, Table, Text

ABILITIES = ("ask_video", "find_in_video")
"""What these models do with films."""
MAX_WATCHED = 8_000_000
"""Pixels of all frames together that a model is shown; larger frames are made smaller first."""
MILLISECONDS = 1000
"""The clock that the frames' times are told in, ticks a second."""
FIND = (
    'Given the query "{}", for each frame, detect and localize the visual content described by the '
    "given textual query in JSON format. If the visual content does not exist in a frame, skip that "
    'frame. Output Format: [{"time": 1.0, "bbox_2d": [x_min, y_min, x_max, y_max], "label": ""}, ...]'
)
"""The library's own way to ask these models when and where something is seen."""
_CLOCK = re.compile(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d+)?)\s*(?:s|sec|seconds)?")


class Watching(Multimodal):
    """A loaded model that answers questions about pictures and films."""

    def ask_video(self, clip: Clip, question: str, *, cancel: CancelToken) -> Text:
        """The answer to a question about a film, in words."""
        reply, _ = self._watch(clip, self._words(question), cancel)
        return Text(reply.strip())

    def find_in_video(self, clip: Clip, phrase: str, *, cancel: CancelToken) -> Table:
        """When and where a film shows what a phrase names; no rows where it does not."""
        reply, seen_wh = self._watch(clip, FIND.replace("{}", self._words(phrase)), cancel)
        rows = list(self._sightings(reply, clip, seen_wh, phrase))
        if not rows and not any(value == [] for _, _, value in json_parts(reply)):
            raise ToolFailed(
                "the model named no moment and no place",
                hint="Detect the thing in a frame and track it",
            )
        return table_of(rows)

    def batch(self, calls: Sequence[Call], *, cancel: CancelToken) -> list[Artefact | ToolError]:
        """Several calls: those about pictures in one generation, those about films one by one."""
        still = [call for call in calls if call[0] not in ABILITIES]
        answers = iter(super().batch(still, cancel=cancel) if still else [])
        found: list[Artefact | ToolError] = []
        for ability, args in calls:
            if ability not in ABILITIES:
                found.append(next(answers))
                continue
            try:
                found.append(getattr(self, ability)(*args, cancel=cancel))
            except ToolError as error:
                cancel.check()
                found.append(error)
        return found

    def _watch(self, clip: Clip, prompt: str, cancel: CancelToken) -> tuple[str, Size]:
        """The reply to a prompt about a film, and the size at which its frames were seen."""
        cancel.check()
        count, height, width, _ = clip.frames.shape
        if not count or max(width, height) > LONGEST * min(width, height):
            raise BadArguments(f"a film of {count} frames of {width}×{height} px cannot be watched")
        inputs = self._film_inputs(clip, prompt)
        _, rows, columns = inputs["video_grid_thw"][0].tolist()
        side = self._processor.video_processor.patch_size
        (reply,) = self._generate(inputs, cancel)
        if not reply.strip():
            raise ToolFailed("the model gave no answer", hint="Ask in other words")
        return reply, (columns * side, rows * side)

    def _film_inputs(self, clip: Clip, prompt: str) -> Any:
        from transformers.video_utils import VideoMetadata

        content = [{"type": "video"}, {"type": "text", "text": prompt}]
        text = self._processor.apply_chat_template(
            [{"role": "user", "content": content}],
            add_generation_prompt=True,
            tokenize=False,
            enable_thinking=False,
        )
        frames, times = _two_at_least(clip)
        ticks = [round(MILLISECONDS * at) for at in times]
        span = max(1, ticks[-1] - ticks[0])
        told = VideoMetadata(
            total_num_frames=max(1, round(span * len(ticks) / (len(ticks) - 1))),
            fps=float(MILLISECONDS),
            frames_indices=ticks,
        )
        return self._processor(
            text=[text],
            videos=[np.ascontiguousarray(frames.transpose(0, 3, 1, 2))],
            video_metadata=[told],
            do_sample_frames=False,
            return_tensors="pt",
        )

    def _sightings(self, reply: str, clip: Clip, seen_wh: Size, phrase: str) -> Iterator[Seen]:
        """What a reply places in the film; what has no time or no sound place is left out."""
        still = clip.still(0)
        for _, _, value in json_parts(reply):
            for entry in placed_entries(value):
                at = _seconds(entry.get("time"))
                boxes = self._family.reader(json.dumps([entry]), seen_wh, still).boxes
                if at is None or not len(boxes):
                    continue
                number = int(np.abs(clip.seconds - at).argmin())
                name = next((str(entry[k]) for k in LABEL_KEYS if entry.get(k)), phrase)
                x1, y1, x2, y2 = (float(v) for v in boxes.xyxy[0])
                yield Seen(number, float(clip.seconds[number]), name[:60], (x1, y1, x2, y2))


def _two_at_least(clip: Clip) -> tuple[Any, list[float]]:
    """Frames and their times; these models look at two frames together."""
    times = [float(at) for at in clip.seconds]
    if len(times) > 1:
        return clip.frames, times
    return np.concatenate([clip.frames, clip.frames]), [times[0], times[0] + 0.04]


def _seconds(value: Any) -> float | None:
    """A time that a model wrote: a number, ``3.5 seconds`` or ``00:03``."""
    found = _CLOCK.fullmatch(str(value).strip()) if isinstance(value, int | float | str) else None
    if found is None:
        return None
    hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return 3600 * hours + 60 * minutes + seconds
