"""From the events of a run to the messages of a chat: a pure fold, one `Turn` per question.

A plan becomes a collapsible message, its calls are nested in it, the answer follows with its
pictures and its evidence. All text that came from people, files, pictures, tools or models is
escaped, on the server, before it becomes Markdown. Messages are the plain dictionaries a
chat widget takes; pictures are paths. Knows nothing of Gradio, HTTP or how a run is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent import told
from agent.chat_markdown import SHOWABLE, Message, answer_markdown, evidence_table, picture
from agent.events import (
    AnswerGiven,
    CallFailed,
    CallFinished,
    CallProgress,
    CallStarted,
    ConsentAsked,
    ConsentGiven,
    Event,
    FellBack,
    HostEvent,
    LimitHit,
    PlanMade,
    Repaired,
    Routed,
    RunStarted,
    SentBack,
    Thinking,
)
from agent.markdown import clean, escape_line, escape_markdown

YES, NO = "allow", "refuse"
"""What the buttons of a question to the person answer."""


@dataclass
class Turn:
    """The messages of one question, growing with its events."""

    key: str
    """Unique in the conversation; part of the ids of its messages."""
    publish: Callable[[str], str] = str
    """From the path of a written file to the path a browser may have."""
    messages: list[Message] = field(default_factory=list)
    answer: AnswerGiven | None = None
    started: RunStarted | None = None
    question: str = ""
    given: int = 0
    """How many pictures came with the question."""
    moved: str = ""
    """``undo`` or ``redo`` where that was asked for by a button."""
    pictures: list[str] = field(default_factory=list)
    """Published paths of the pictures of the answer."""
    overlay: str = ""
    """Published path of the picture with the evidence, where there is one."""
    report: str = ""
    """Published path of the report, where there is one."""
    over: bool = False
    """Whether it was answered, stopped or failed."""
    consent: str = ""
    """Id of the question to the person that is open, '' where none is."""
    _places: dict[str, int] = field(default_factory=dict)
    """Index in `messages` by id."""
    _began: dict[str, Any] = field(default_factory=dict)
    """When a step began, by id."""
    _thoughts: dict[str, str] = field(default_factory=dict)
    """What the planner thinks in a step, by id, as Markdown."""
    _lines: dict[str, list[str]] = field(default_factory=dict)
    """What else there is to say of a step, by id, as Markdown."""
    _plan_made: PlanMade | None = None
    """The last plan."""
    _retried: int = 0
    """Requests sent again that were told."""

    def ask(self, question: str, paths: Iterable[str], marks: str = "") -> None:
        """Open the turn with what the person gave."""
        content: list[Any] = []
        self.question, given = question, list(paths)
        self.given = len(given)
        for path in given:
            name = Path(path).name
            if Path(path).suffix.lower() in SHOWABLE:
                content.append(picture(path, f"Your picture {name}"))
            else:
                content.append(f"📄 {escape_line(name)}")
        content.append(escape_markdown(question))
        if marks:
            content.append(f"_{escape_line(marks)}_")
        self.messages += [{"role": "user", "content": item} for item in content]

    def add(self, event: Event) -> None:
        """Take in the next event."""
        match event:
            case RunStarted():
                self.started = event
                notes = [f"{i.handle}: {i.note}" for i in event.images if i.note]
                if notes:
                    self._say("ℹ️ " + escape_markdown("\n".join(notes)))
            case Thinking():
                self._think(event)
            case PlanMade():
                self._plan(event)
            case CallStarted() | CallProgress() | CallFinished() | CallFailed():
                self._call(event)
            case Repaired() | HostEvent() | SentBack() | LimitHit() | Routed() | FellBack():
                self._note(event, told.line(event))
            case ConsentAsked():
                self._ask_person(event)
            case ConsentGiven():
                self._person_said(event)
            case AnswerGiven():
                self._answer(event)

    def stop(self) -> None:
        """Close what was under way when the person stopped the run."""
        self.over = True
        self._settle("stopped")
        self._say("Stopped. What was found so far stands above; you can ask again.")

    def fail(self, line: str) -> None:
        """Close the turn with an error on one line."""
        self.over = True
        self._settle("failed")
        self._say(f"⚠️ {escape_line(line, 600)}")

    @property
    def running(self) -> bool:
        """Whether a step is still under way."""
        return any(m.get("metadata", {}).get("status") == "pending" for m in self.messages)

    def _say(self, content: Any) -> None:
        self.messages.append({"role": "assistant", "content": content})

    def _put(self, name: str, content: str | Message, **metadata: Any) -> None:
        """Add or replace the collapsible message `name`; empty metadata falls away."""
        name = f"{self.key}.{name}"
        if name not in self._places:
            self._places[name] = len(self.messages)
            self._say("")
        place = self._places[name]
        old = self.messages[place].get("metadata", {})
        merged = {"id": name, **old, **metadata}
        self.messages[place] = {
            "role": "assistant",
            "content": content,
            "metadata": {k: v for k, v in merged.items() if v != ""},
        }

    def _has(self, name: str) -> Message | None:
        place = self._places.get(f"{self.key}.{name}")
        return None if place is None else self.messages[place]

    def _step(self, event: Event) -> str:
        """The id of the message of the event's step, which is made where there is none."""
        name = f"step{event.step}"
        if self._has(name) is None:
            self._began[name] = event.at
            title = f"Step {event.step}" if event.step else "Getting ready"
            self._put(name, "", title=title, status="pending")
        return name

    def _think(self, event: Thinking) -> None:
        """What is thought so far, in place of what was before."""
        self._close_steps(event, but=event.step)
        name = self._step(event)
        self._thoughts[name] = escape_markdown(event.text)
        self._write(name, title=f"Step {event.step} · thinking")

    def _plan(self, event: PlanMade) -> None:
        self._close_steps(event, but=event.step)
        name = self._step(event)
        tools = ", ".join(dict.fromkeys(c.tool.replace("_", " ") for c in event.calls))
        self._thoughts[name] = escape_markdown(event.thought)
        self._plan_made = event
        title = tools or f"looks at {', '.join(event.look)}"
        self._write(name, title=f"Step {event.step} · {escape_line(title)}")
        self._retries(event, event.usage.retries)

    def _retries(self, event: Event, lines: Sequence[str]) -> None:
        self._retried += len(lines)
        for line in lines:
            self._note(event, f"Asked again: {line}")

    def _write(self, name: str, **metadata: Any) -> None:
        """The message of a step: its thought, then its lines."""
        parts = (self._thoughts.get(name, ""), *self._lines.get(name, ()))
        self._put(name, "\n\n".join(p for p in parts if p), **metadata)

    def _call(self, event: CallStarted | CallProgress | CallFinished | CallFailed) -> None:
        step = self._step(event)
        name = f"{step}.{event.call.id if isinstance(event, CallStarted) else event.call}"
        parent = f"{self.key}.{step}"
        if isinstance(event, CallStarted):
            title = escape_line(event.call.tool.replace("_", " "))
            args = " · ".join(f"{key}: {value}" for key, value in event.call.args.items())
            self._put(name, escape_line(args), title=title, status="pending", parent_id=parent)
            return
        before = self._has(name)
        given = before["content"] if before else ""
        if isinstance(event, CallProgress):
            title = before["metadata"]["title"] if before else escape_line(event.call)
            log = f"{event.share:.0%} {clean(event.message, 80)}".strip()
            self._put(name, given, title=title, status="pending", parent_id=parent, log=log)
            if event.sketch:
                shown = picture(self.publish(event.sketch), "What there is so far")
                self._put(f"{name}.sketch", shown, title="so far", parent_id=parent, status="done")
            return
        told = escape_line(event.tool.replace("_", " "))
        if isinstance(event, CallFailed):
            body = f"{given}\n\n{escape_line(event.kind)}: {escape_markdown(event.message)}"
            title = f"{told} · did not work"
        else:
            title = f"{told} → {escape_line(event.handle)}"
            title += "".join(f" &#35;{n}" for n in event.entities[:8])
            body = f"{given}\n\n{escape_markdown(event.text)}"
            body += f"\n\n_{escape_line(event.model)}_" if event.model else ""
        log = "remembered" if isinstance(event, CallFinished) and event.cached else ""
        self._put(
            name, body, title=title, status="done", parent_id=parent, log=log,
            duration=round(event.seconds, 2),
        )  # fmt: skip

    def _note(self, event: Event, line: str) -> None:
        if line:
            name = self._step(event)
            self._lines.setdefault(name, []).append(escape_line(line))
            sent_back = isinstance(event, SentBack)
            title = {"title": f"Step {event.step} · sent back"} if sent_back else {}
            self._write(name, **title)

    def _ask_person(self, event: ConsentAsked) -> None:
        """A message with a button for yes and one for no."""
        self.consent = event.id
        plan = self._plan_made.calls if self._plan_made else ()
        calls = "\n".join(told.held_back(event, plan))
        said = f"✋ {escape_line(event.why)}. May it run?\n\n{escape_markdown(calls, 600)}"
        options = [{"value": YES, "label": "Yes, do it"}, {"value": NO, "label": "No"}]
        self.messages.append({"role": "assistant", "content": said, "options": options})

    def _person_said(self, event: ConsentGiven) -> None:
        self._withdraw()
        self._say(f"_{told.line(event)}._")

    def _withdraw(self) -> None:
        """No button answers a question that is closed."""
        self.consent = ""
        for message in self.messages:
            message.pop("options", None)

    def _close_steps(self, event: Event, but: int = -1) -> None:
        for name, began in self._began.items():
            message = None if name == f"step{but}" else self._has(name)
            if message and message["metadata"].get("status") == "pending":
                seconds = max(0.0, (event.at - began).total_seconds())
                self._put(name, message["content"], status="done", duration=round(seconds, 2))

    def _answer(self, event: AnswerGiven) -> None:
        self.over = True
        self._retries(event, event.usage.retries[self._retried :])
        last = f"step{event.step}"
        planned = self._plan_made.step if self._plan_made else 0
        if last in self._thoughts and event.step != planned:
            self._write(last, title=f"Step {event.step} · answers")
        self._close_steps(event)
        self._settle("")
        self.answer = event
        self.pictures = [self.publish(path) for path in event.images]
        for number, path in enumerate(self.pictures, 1):
            self._say(picture(path, f"Picture {number} of the answer"))
        if event.overlay:
            self.overlay = self.publish(event.overlay)
            self._say(picture(self.overlay, "Your picture with the evidence numbered"))
        # The words come last, where a chat that has scrolled to its end shows them.
        sign = "⚠️ " if event.status == "failed" else ""
        self._say(sign + answer_markdown(event.text))
        if event.unsupported:
            claims = escape_line("; ".join(event.unsupported), 600)
            self._say(f"_Not borne out by what was seen: {claims}_")
        if event.evidence:
            n = len(event.evidence)
            title = f"Evidence · {n} {'thing' if n == 1 else 'things'}"
            self._put("evidence", evidence_table(event.evidence), title=title, status="done")
        if event.report:
            self.report = self.publish(event.report)
        self._say(f"_{told.summary(event)}_")

    def _settle(self, log: str) -> None:
        """No spinner goes on when the turn is over, and nothing is asked."""
        self._withdraw()
        for message in self.messages:
            metadata = message.get("metadata", {})
            if metadata.get("status") == "pending":
                message["metadata"] = {**metadata, "status": "done", "log": log}
