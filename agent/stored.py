"""What a turn leaves on disk after each step, and what is made of it when the turn was cut off.

Plain records: names and hashes, never pixels. Knows nothing of LangGraph or of databases.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.held import Held
from agent.outcome import Outcome
from agent.protocol import Call, Result, Turn, Usage
from agent.question import Question
from agent.repair import Fixed
from agent.session import Session
from agent.turn import STOPPED, Working
from tools.errors import ConfigError, InputError, ToolError

TURN_SCHEMA = 2
"""Version of the record of a turn; newer ones are refused."""
Record = Mapping[str, Any]


@dataclass(frozen=True)
class Unfinished:
    """A turn that was cut off, as it was left."""

    turn: Record
    done: tuple[Record, ...]
    """How the calls of the plan under way came out that had ended."""

    @property
    def run(self) -> str:
        """Name of the run's folder, '' where it is unknown."""
        return str(self.turn.get("run", ""))

    def question(self) -> Question:
        """What was asked."""
        turn = self.turn
        return Question(
            str(turn["question"]), tuple(turn["images"]), tuple(turn.get("given", ())),
            dict(turn.get("names", {})), fresh=bool(turn.get("fresh", True)),
            clips=tuple(turn.get("clips", ())),
        )  # fmt: skip


def turn_record(working: Working) -> dict[str, Any]:
    """How far a turn has come."""
    question, fixed = working.question, working.fixed
    outcomes = working.executor.outcomes
    ended = [outcomes[c.id] for c in fixed.calls if c.id in outcomes] if fixed else []
    written = working.written
    written += [_result(r) for r in working.results[len(written) :]]
    return {
        "schema": TURN_SCHEMA,
        "run": working.run,
        "question": question.text,
        "images": list(question.images),
        "given": list(question.given),
        "names": dict(question.names),
        "fresh": question.fresh,
        "clips": list(question.clips),
        "step": working.step,
        "spent": working.calls,
        "usage": working.usage.model_dump(mode="json"),
        "shown": sorted(working.shown),
        "look": list(working.look),
        "problem": working.problem,
        "bad": working.bad,
        "sent_back": working.sent_back,
        "results": list(written),
        "thought": working.plan.thought if working.plan else "",
        "plan": [c.model_dump(mode="json") for c in fixed.calls] if fixed else [],
        "ended": [call_record(o, working.session) for o in ended],
    }


def _result(result: Result) -> dict[str, Any]:
    return {
        "call": result.call.model_dump(mode="json"),
        "handle": result.handle,
        "error": result.error,
        "error_kind": result.error_kind,
        "model": result.model,
        "seconds": result.seconds,
        "cached": result.cached,
    }


def call_record(outcome: Outcome, session: Session) -> dict[str, Any]:
    """How one call came out."""
    result = outcome.result
    held = session.held.get(result.handle)
    return {**_result(result), "key": outcome.key, "held": vars(held) if held else None}


def check_schema(name: str, turn: Record) -> None:
    """Refuse what a newer version wrote.

    Raises:
        ConfigError: it did.
    """
    if turn.get("schema", TURN_SCHEMA) > TURN_SCHEMA:
        raise ConfigError(f"conversation {name!r} was written by a newer version of Ocelli")


def earlier(turn: Record) -> list[Record]:
    """The results of the plans before the one under way."""
    if "results" in turn:
        return list(turn["results"])
    pairs = zip(turn["calls"], turn["handles"], strict=True)  # as version 1 wrote them
    return [{"call": call, "handle": handle} for call, handle in pairs]


def take_over(session: Session, left: Unfinished) -> None:
    """Enter what a turn that was cut off had found out by then, as a turn that was stopped."""
    records = [*earlier(left.turn), *left.done]
    calls = tuple(Call.model_validate(r["call"]) for r in records)
    for call, record in zip(calls, records, strict=True):
        if record.get("held"):
            _enter(session, record)
            with contextlib.suppress(InputError, ToolError):
                result = Result(call, record["handle"], session.get(record["handle"]))
                session.scene = session.scene.add(result, pictures=session.pictures)
    session.turns.append(
        Turn(
            question=left.turn["question"],
            answer=STOPPED,
            status="failed",
            images=tuple(left.turn["images"]),
            made=(),
            calls=calls,
            handles=tuple(r["handle"] for r in records),
        )  # fmt: skip
    )


def take_up(working: Working, left: Unfinished) -> None:
    """Go on where a turn was cut off: what had been found out is known, what was spent is spent.

    The plan under way is looked at by nobody again; those of its calls that had not ended run,
    and with them those whose artefact is no longer kept. The time of the turn begins anew.
    """
    turn, session = left.turn, working.session
    working.step, working.calls = int(turn["step"]), int(turn.get("spent", 0))
    working.usage = Usage.model_validate(turn.get("usage", {}))
    working.shown, working.look = set(turn.get("shown", ())), tuple(turn.get("look", ()))
    working.problem, working.bad = str(turn.get("problem", "")), int(turn.get("bad", 0))
    working.sent_back = bool(turn.get("sent_back", False))
    for record in left.done:
        if record.get("held"):
            _enter(session, record)
    working.results = [_again(session, record) for record in earlier(turn)]
    plan = tuple(Call.model_validate(c) for c in turn.get("plan", ()))
    if plan:
        ended = {r["call"]["id"]: (_again(session, r), str(r.get("key", ""))) for r in left.done}
        lost = [i for i, (result, _) in ended.items() if result.error_kind == "ArtefactLost"]
        done = {i: Outcome(*pair) for i, pair in ended.items() if i not in lost}
        working.pick_up(Fixed(plan), done, str(turn.get("thought", "")))


def _enter(session: Session, record: Record) -> None:
    """Make a call's artefact known; what is on disk of it is read when it is asked for."""
    session.enter(record["handle"], Held(**record["held"]))
    session.memory[record["key"]] = record["handle"]


def _again(session: Session, record: Record) -> Result:
    call = Call.model_validate(record["call"])
    said = {k: record[k] for k in ("error", "error_kind", "model", "seconds") if k in record}
    said["cached"] = bool(record.get("cached", False))
    if not record["handle"]:
        return Result(call, **said)
    try:
        return Result(call, record["handle"], session.get(record["handle"]), **said)
    except (InputError, ToolError) as error:
        return Result(call, error=error.line(), error_kind="ArtefactLost")


def done_records(turn: Record, noted: Sequence[Record]) -> tuple[Record, ...]:
    """How the calls of the plan under way came out: what the checkpoint says and what came after."""
    latest = {r["call"]["id"]: r for r in (*turn.get("ended", ()), *noted)}
    return tuple(latest.values())
