"""What comes in with a question, brought to the form a run works with, and said in its first event.

Knows nothing of how questions are answered.
"""

from __future__ import annotations

import contextlib
import platform
from collections.abc import Sequence
from functools import cache
from importlib import metadata
from typing import Any

from agent.events import ImageRef, RunStarted
from agent.given import Given, coordinates, drawn
from agent.question import Question
from agent.session import Session
from agent.settings import Settings
from tools.errors import InputError
from tools.ingest import Film, Source, watch
from tools.types import Image

QUESTION_CHARS = 8000
Images = Source | Image | Sequence[Source | Image]
"""What a question may be about; a path or bytes may also be of a film."""


def clean_question(question: str) -> str:
    """The question as it is asked and stored.

    Raises:
        InputError: it is empty or too long.
    """
    text = question.encode("utf-8", "replace").decode().replace("\x00", " ").strip()
    if not text:
        raise InputError("the question is empty", hint="Ask something about the picture")
    if len(text) > QUESTION_CHARS:
        raise InputError(
            f"the question has {len(text)} characters, more than {QUESTION_CHARS}",
            hint="Ask in fewer words",
        )
    return text


def note_of(image: Image) -> str:
    """What ingest has to say of a picture that is not the whole file."""
    facts = dict(image.info)
    return next((facts[k] for k in ("note", "page", "frames") if facts.get(k)), "")


@cache
def _versions() -> tuple[tuple[str, str], ...]:
    found = {"python": platform.python_version()}
    for package in ("ocelli", "numpy", "opencv-python-headless", "onnxruntime", "rapidocr"):
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return tuple(found.items())


def versions() -> dict[str, str]:
    """Versions of what can change an answer."""
    return dict(_versions())


def ingest_all(images: Images, settings: Settings) -> list[Image | Film]:
    """All pictures and films of a question.

    Raises:
        InputError: one cannot be used, or there are too many.
    """
    one = isinstance(images, str | bytes | bytearray | memoryview) or not isinstance(
        images, Sequence
    )
    sources: list[Any] = [images] if one else list(images)  # type: ignore[arg-type]
    found: list[Image | Film] = []
    for source in sources:
        if isinstance(source, Image):
            found.append(source)
            continue
        found.extend(watch(source, allow_urls=settings.allow_urls))
        if len(found) > settings.max_images:
            break
    if len(found) > settings.max_images:
        raise InputError(
            f"more than {settings.max_images} pictures in one question",
            hint="Ask about fewer, or raise max_images",
        )
    return found


def entered(
    session: Session, text: str, pictures: list[Image | Film], marks: tuple[Given, Given]
) -> Question:
    """Give the pictures and drawings of a question their handles."""
    handles: list[str] = []
    for item in pictures:
        picture = item.still() if isinstance(item, Film) else item
        sha256 = session.keeper.put(picture)
        known = session.given_again(sha256, handles)
        handles.append(known or session.add(picture, sha256, name=picture.name))
        if isinstance(item, Film):
            session.add_clip(item.clip, item.name)
    if not pictures and session.turns:
        last = session.turns[-1]
        handles = list(last.images or last.made)  # what was made out of words alone stands
    asked = [i for h in handles if isinstance(i := session.get(h), Image)]
    given = [session.add(d, session.keeper.put(d)) for d in drawn(*marks, asked)]
    clips = session.clips_of(handles)
    names = {h: session.held[h].name for h in (*handles, *clips)}
    return Question(
        text, tuple(handles), tuple(given), names, fresh=bool(pictures), clips=clips
    )  # fmt: skip


def run_started(question: Question, session: Session, settings: Settings, run: str) -> RunStarted:
    """The first event of a run."""
    refs = []
    for handle in question.images:
        image = session.get(handle)
        assert isinstance(image, Image)
        refs.append(
            ImageRef(
                handle=handle,
                sha256=session.held[handle].sha256,
                width=image.width,
                height=image.height,
                name=session.held[handle].name,
                note=note_of(image),
            )  # fmt: skip
        )
    given = {h: coordinates(session.get(h)) for h in question.given}
    shown = settings.model_dump(mode="json", exclude={"home", "out"})
    return RunStarted(
        run=run, session=session.name, question=question.text,
        images=tuple(refs), given=given, settings=shown, versions=versions(),
    )  # fmt: skip
