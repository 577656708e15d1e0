"""The end of a run: pictures, overlays, answer and report written, and said in one event.

Knows nothing of how the answer came about or of LangGraph.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from agent.answer import Answer, with_names
from agent.events import AnswerGiven, EntityRecord, Event
from agent.report import render
from agent.trace import ANSWER, REPORT, RunFolder
from agent.turn import Working
from tools.draw import numbered
from tools.geometry import resize
from tools.types import Boxes, Clip, Image

OVERLAY_PX = 1600
"""Longest side of an overlay."""


def finished(
    working: Working, folder: RunFolder, events: Sequence[Event], started: float
) -> AnswerGiven:
    """Write what a run leaves behind; its last event.

    Raises:
        ConfigError: it cannot be written.
    """
    finish, checked = working.finish, working.checked
    assert finish is not None
    assert checked is not None
    session = working.session
    made = [(h, session.get(h)) for h in finish.images]
    images = [str(_put(folder, h, i)) for h, i in made if isinstance(i, Image | Clip)]
    overlays = _overlays(working, checked.evidence, folder)
    report = folder.path / REPORT if working.settings.report else None
    end = AnswerGiven(
        step=working.step, text=checked.text, status=finish.status, evidence=checked.evidence,
        unsupported=checked.unsupported, images=tuple(images),
        overlay=overlays[0] if overlays else "", steps=working.step,
        usage=working.usage, seconds=round(time.monotonic() - started, 3),
        trace=str(folder.trace), report=str(report) if report else "",
    )  # fmt: skip
    answer = Answer(
        text=end.text, status=end.status, images=end.images, trace=end.trace, steps=end.steps,
        evidence=tuple(with_names(end.evidence, working.question.names)),
        llm_calls=end.usage.llm_calls, seconds=end.seconds,
    )  # fmt: skip
    folder.put_text(ANSWER, answer.to_json() + "\n")
    if report:
        folder.put_text(REPORT, render([*events, end], session.get, finish.images, session.scene))
    return end


def _put(folder: RunFolder, handle: str, made: Image | Clip) -> Path:
    """A picture, or a clip as a moving one."""
    if isinstance(made, Clip):
        return folder.put_film(handle, made)
    return folder.put_picture(handle, made)


def _overlays(working: Working, evidence: Sequence[EntityRecord], folder: RunFolder) -> list[str]:
    """Each picture that evidence lies in, with the numbered boxes drawn over it."""
    paths = []
    asked = list(working.question.images)
    others = [r.image for r in evidence if r.image]
    for handle in dict.fromkeys([*asked, *others]):
        rows = [r for r in evidence if r.image == handle and r.box and r.id.startswith("#")]
        picture = working.session.get(handle) if rows else None
        if isinstance(picture, Image):
            overlay = _overlay(picture, rows)
            paths.append(str(folder.put_picture(f"{handle}-evidence", overlay)))
    return paths


def _overlay(picture: Image, rows: Sequence[EntityRecord]) -> Image:
    longest = max(picture.size_wh)
    if longest > OVERLAY_PX:
        share = OVERLAY_PX / longest
        picture = resize(
            picture, (max(1, round(picture.width * share)), max(1, round(picture.height * share)))
        )
    boxes = Boxes(
        picture.frame,
        np.asarray([r.box for r in rows], np.float32),
        tuple(r.label for r in rows),
        np.ones(len(rows), np.float32),
    )
    return numbered(picture, boxes, [int(r.id[1:]) for r in rows])
