"""Films are put to Qwen-VL as the library puts them; times and places come back to the frames."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import films
import numpy as np
import pytest
from checkpoints import qwen_vl as tiny
from PIL import Image as PilImage

from tools import multimodal
from tools.context import CancelToken, ToolContext
from tools.errors import BadArguments, Cancelled, ToolFailed
from tools.experts.ask_video import ask_video, find_in_video
from tools.experts.show_track import show_track
from tools.models import qwen_vl
from tools.tracks import seen_in
from tools.types import Clip, Image, Table, Text

GO = CancelToken()
BUILT = {
    qwen_vl.QWEN3_4B: tiny.build_qwen3,
    qwen_vl.QWEN35_4B: tiny.build_qwen3_5,
    qwen_vl.QWEN25_7B: tiny.build_qwen2_5,
}
ASKED = "When does the ball stop?"


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    monkeypatch.setattr(multimodal, "MAX_TOKENS", 10)


@pytest.fixture(scope="module", params=BUILT, ids=lambda spec: spec.name)
def loaded(request, hub):
    folder = hub(request.param.weights, BUILT[request.param])
    return folder, request.param.load()


@pytest.fixture
def clip() -> Clip:
    """Four frames, one each half second."""
    return Clip(np.stack(films.frames(4)), 2.0, np.arange(4, dtype=np.float32) / 2)


def own(folder, clip: Clip, prompt: str) -> tuple[Any, str]:
    """The inputs and the reply of the library itself, by its own chat call."""
    import torch
    from transformers import AutoModelForImageTextToText, AutoProcessor

    processor = AutoProcessor.from_pretrained(folder)
    model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32).eval()
    frames = [PilImage.fromarray(pixels) for pixels in clip.frames]
    count = len(frames)
    inputs = processor.apply_chat_template(
        [
            {
                "role": "user",
                "content": [
                    {"type": "video", "video": frames},
                    {"type": "text", "text": prompt},
                ],
            }
        ],
        add_generation_prompt=True,
        tokenize=True,
        return_dict=True,
        return_tensors="pt",
        processor_kwargs={
            "do_sample_frames": False,
            "video_metadata": [
                {"total_num_frames": count, "fps": 2.0, "frames_indices": list(range(count))}
            ],
        },
    )
    made = model.generate(**inputs, max_new_tokens=10, do_sample=False)
    said = processor.batch_decode(made[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
    return inputs, said[0]


def test_inputs_and_reply_are_those_of_the_library(loaded, clip, monkeypatch):
    import torch

    folder, model = loaded
    given = []
    generate = model._generate
    monkeypatch.setattr(
        model, "_generate", lambda inputs, cancel: given.append(inputs) or generate(inputs, cancel)
    )
    inputs, reply = own(folder, clip, ASKED)
    assert model.ask_video(clip, ASKED, cancel=GO).value == reply.strip()
    for name in ("input_ids", "video_grid_thw", "pixel_values_videos"):
        assert torch.equal(given[0][name], inputs[name]), name
    if "second_per_grid_ts" in inputs:
        ours, theirs = (float(i["second_per_grid_ts"][0]) for i in (given[0], inputs))
        assert ours == pytest.approx(theirs)


def test_the_model_is_told_when_each_frame_is_shown(hub, clip):
    folder = hub(qwen_vl.QWEN3_4B.weights, tiny.build_qwen3)
    model = qwen_vl.QWEN3_4B.load()
    uneven = replace(clip, times=np.asarray([0, 1, 9, 11], np.float32))
    inputs = model._film_inputs(uneven, ASKED)
    text = model._processor.tokenizer.decode(inputs["input_ids"][0])
    assert folder
    assert "<0.5 seconds>" in text
    assert "<10.0 seconds>" in text


def replying(monkeypatch, model, reply: str) -> None:
    monkeypatch.setattr(model, "_generate", lambda inputs, cancel: [reply])


def test_times_and_places_come_back_to_the_frames(hub, clip, monkeypatch):
    hub(qwen_vl.QWEN3_4B.weights, tiny.build_qwen3)
    model = qwen_vl.QWEN3_4B.load()
    reply = (
        '[{"time": 0.4, "bbox_2d": [0, 0, 500, 1000], "label": "the ball"},'
        ' {"time": "00:01.5", "bbox_2d": [250, 500, 500, 750]},'
        ' {"bbox_2d": [0, 0, 1, 1]}, {"time": 1, "bbox_2d": [1, 2, 3]}]'
    )
    replying(monkeypatch, model, reply)
    table = model.find_in_video(clip, "ball", cancel=GO)
    rows = [(s.frame, s.seconds, s.thing, s.box) for s in seen_in(table)]
    assert rows == [(1, 0.5, "the ball", (0, 0, 80, 96)), (3, 1.5, "ball", (40, 48, 80, 72))]
    replying(monkeypatch, model, "[]")
    assert len(model.find_in_video(clip, "ball", cancel=GO)) == 0
    replying(monkeypatch, model, "I do not see it.")
    with pytest.raises(ToolFailed, match="no moment"):
        model.find_in_video(clip, "ball", cancel=GO)


def test_places_in_pixels_as_seen_are_scaled(hub, clip, monkeypatch):
    hub(qwen_vl.QWEN25_7B.weights, tiny.build_qwen2_5)
    model = qwen_vl.QWEN25_7B.load()
    _, rows, columns = model._film_inputs(clip, ASKED)["video_grid_thw"][0].tolist()
    width, height = columns * 14, rows * 14
    replying(
        monkeypatch,
        model,
        f'[{{"time": 1.0, "bbox_2d": [0, 0, {width}, {height // 2}], "label": "it"}}]',
    )
    (seen,) = seen_in(model.find_in_video(clip, "ball", cancel=GO))
    assert seen.box == pytest.approx((0, 0, 160, 48), abs=1)
    assert (width, height) != (160, 96)


def test_films_and_pictures_of_one_batch_are_answered_each(loaded, clip, rng):
    _, model = loaded
    image = Image.as_root(rng.integers(0, 255, (120, 200, 3), np.uint8))
    alone = [model.vqa(image, ASKED, cancel=GO), model.ask_video(clip, ASKED, cancel=GO)]
    empty = Clip(np.zeros((0, 8, 8, 3), np.uint8), 1.0)
    said = model.batch(
        [("ask_video", (clip, ASKED)), ("vqa", (image, ASKED)), ("ask_video", (empty, ASKED))],
        cancel=GO,
    )
    assert [s.value for s in said[:2]] == [alone[1].value, alone[0].value]
    assert isinstance(said[2], BadArguments)


def test_a_single_frame_can_be_watched(loaded, clip):
    _, model = loaded
    one = Clip(clip.frames[:1], 1.0)
    assert isinstance(model.ask_video(one, ASKED, cancel=GO), Text)


def test_it_stops_when_cancelled(loaded, clip):
    _, model = loaded
    stop = CancelToken()
    stop.cancel()
    with pytest.raises(Cancelled):
        model.ask_video(clip, ASKED, cancel=stop)


def test_the_abilities_ask_and_draw(clip):
    class Watcher:
        def use(self, ability, film, words, *, labels, cancel):
            assert film is clip
            if ability == "ask_video":
                return Text(f"answer to {words}")
            return Table(
                ("frame", "time (s)", "thing", "box", "share (%)", "sure"),
                (("1", "0.50", "ball", "40, 30, 60, 70", "", "1.00"),),
            )

    ctx = ToolContext(Watcher())
    answer = ask_video(ctx, clip, "  Why? ")
    assert (answer.value, answer.of) == ("answer to Why?", "  Why? ")
    shown = show_track(ctx, clip, find_in_video(ctx, clip, "ball"))
    assert shown.frames.shape == clip.frames.shape
    changed = np.abs(shown.frames.astype(int) - clip.frames).sum(axis=3) > 0
    assert changed[1, 30, 41:60].all()
    assert not changed[0, 20:80, :].any()
    with pytest.raises(BadArguments, match="nothing was asked"):
        ask_video(ctx, clip, "  ")


def test_only_tracks_of_this_clip_are_drawn(clip):
    ctx = ToolContext(None)
    with pytest.raises(BadArguments, match="says nothing of frames"):
        show_track(ctx, clip, Table(("a",), (("b",),)))
    late = ("9", "", "ball", "1, 2, 3, 4", "", "1")
    with pytest.raises(BadArguments, match="frame 9 is not in this clip"):
        show_track(
            ctx, clip, Table(("frame", "time (s)", "thing", "box", "share (%)", "sure"), (late,))
        )
