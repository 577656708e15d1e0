"""The answer of a run, as the one who asked gets it.

Knows nothing of planners, files or how the evidence came about.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agent.events import AnswerGiven, EntityRecord, Event, RunStarted
from agent.protocol import Status


@dataclass(frozen=True)
class Answer:
    """What came of a question."""

    text: str
    """For people, with cites."""
    status: Status
    evidence: tuple[EntityRecord, ...] = ()
    images: tuple[str, ...] = ()
    """Paths of the pictures that were written."""
    trace: str = ""
    """Path of ``trace.jsonl``."""
    report: str = ""
    """Path of ``report.html``."""
    steps: int = 0
    llm_calls: int = 0
    seconds: float = 0.0
    question: str = ""
    overlay: str = ""
    """Path of the first picture with the numbered evidence drawn over it."""
    unsupported: tuple[str, ...] = ()
    """Claims of the answer that no witness bears."""
    session: str = ""
    """The conversation it belongs to."""

    def to_json(self) -> str:
        """The answer as one JSON object, the same for the command line and ``answer.json``."""
        return json.dumps(
            {
                "answer": self.text,
                "status": self.status,
                "evidence": [e.model_dump(mode="json") for e in self.evidence],
                "images": list(self.images),
                "steps": self.steps,
                "llm_calls": self.llm_calls,
                "seconds": round(self.seconds, 3),
                "trace": self.trace,
            },
            ensure_ascii=False,
        )

    def __str__(self) -> str:
        return self.text


def with_names(evidence: Sequence[EntityRecord], names: Mapping[str, str]) -> list[EntityRecord]:
    """Evidence that says pictures by file name, where that tells them apart."""
    unique = {h: n for h, n in names.items() if n and list(names.values()).count(n) == 1}
    return [e.model_copy(update={"image": unique.get(e.image, e.image)}) for e in evidence]


class Fold:
    """The events of a run, folded to its answer."""

    def __init__(self) -> None:
        self.start: RunStarted | None = None
        self.end: AnswerGiven | None = None

    def add(self, event: Event) -> None:
        """One more event."""
        if isinstance(event, RunStarted):
            self.start = event
        elif isinstance(event, AnswerGiven):
            self.end = event

    def answer(self) -> Answer:
        """The answer of the run that ended."""
        assert self.start is not None
        assert self.end is not None
        return answer_of(self.start, self.end)


def answer_of(start: RunStarted, end: AnswerGiven) -> Answer:
    """The answer that two events of a run say."""
    names = {i.handle: i.name for i in start.images}
    return Answer(
        text=end.text, status=end.status, evidence=tuple(with_names(end.evidence, names)),
        images=end.images, trace=end.trace, report=end.report, steps=end.steps,
        llm_calls=end.usage.llm_calls, seconds=end.seconds, question=start.question,
        overlay=end.overlay, unsupported=end.unsupported, session=start.session,
    )  # fmt: skip
