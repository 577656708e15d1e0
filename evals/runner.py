"""Asks an agent every task that is not done yet, several at a time, and keeps each result at once.

One bad task is a failed record, never the end of the run and never a silent zero; a disk that
refuses is the end, by name. Knows nothing of terminals.
"""

from __future__ import annotations

import asyncio
import errno
import importlib.metadata
import platform
import random
import subprocess
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol

from agent.events import AnswerGiven, CallFailed, CallFinished, Event
from agent.settings import Settings
from evals.results import Record, Results
from evals.score import Outcome, Score
from evals.tasks import Task, fingerprint
from tools.errors import ConfigError, MissingModel, OcelliError, SetupError

SEED = 0
GRACE_SECONDS = 60.0
"""How long after its own limit a turn is given up from outside."""
DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)
PRIVATE = frozenset({"home", "out", "session", "remember", "report"})
"""Settings that cannot change an answer: no part of the fingerprint."""
PACKAGES = (
    "ocelli", "langgraph", "numpy", "onnxruntime", "opencv-python-headless", "pillow", "pydantic",
    "rapidocr", "scikit-image", "zxing-cpp",
)  # fmt: skip


class Asks(Protocol):
    """What is evaluated; ``agent.Agent`` is the real one."""

    def astream(self, question: str, images: Any = ...) -> AsyncIterator[Event]:
        """The events of one turn, the last of them the answer."""


@dataclass(frozen=True)
class Job:
    """What to ask, and how to judge it."""

    name: str
    tasks: tuple[Task, ...]
    """All of the data set, asked or not: the fingerprint covers them."""
    judge: Callable[[Task, Outcome], Score]
    settings: Settings
    version: str = ""
    """Of the benchmark."""
    tier: str = ""
    limit: int = 0
    """Ask only so many; 0: all."""
    workers: int = 1

    def chosen(self) -> list[Task]:
        """The tasks this run is to ask.

        Raises:
            ConfigError: no task is of the tier.
        """
        tasks = [t for t in self.tasks if not self.tier or t.tier == self.tier]
        if not tasks:
            tiers = ", ".join(sorted({t.tier for t in self.tasks if t.tier})) or "none"
            raise ConfigError(f"no task is of tier {self.tier!r}", hint=f"There are: {tiers}")
        return tasks[: self.limit] if self.limit else tasks


def manifest(job: Job) -> dict[str, Any]:
    """What was evaluated, with what, from when on."""
    chosen = job.settings.model_dump(mode="json", exclude=set(PRIVATE))
    versions = _versions()
    config = {"name": job.name, "version": job.version, "settings": chosen,
              "ocelli": versions.get("ocelli", "")}  # fmt: skip
    start = {"at": datetime.now(UTC).isoformat(), "tier": job.tier, "limit": job.limit,
             "workers": job.workers, "git": _commit(), "versions": versions}  # fmt: skip
    return {
        "name": job.name,
        "version": job.version,
        "fingerprint": fingerprint(job.tasks, config),
        "n_tasks": len(job.tasks),
        "settings": chosen,
        "seed": SEED,
        "starts": [start],
    }


async def run(agent: Asks, job: Job, results: Results, on_record: Callable[[Record], None]) -> None:
    """Ask what is not done yet; each record is on the disk before `on_record` hears of it.

    Raises:
        SetupError: a result cannot be written.
    """
    random.seed(SEED)
    done = {r.id for r in results.records}
    queue = [t for t in job.chosen() if t.id not in done][::-1]

    async def work() -> None:
        while queue:
            record = await ask(agent, job, queue.pop())
            results.add(record)
            on_record(record)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(job.workers, len(queue))):
                group.create_task(work())
    except ExceptionGroup as several:
        raise several.exceptions[0] from None


async def ask(agent: Asks, job: Job, task: Task) -> Record:
    """Ask and judge one task, whatever happens.

    Raises:
        SetupError: the disk is full or refuses.
    """
    started, tools = perf_counter(), list[str]()
    try:
        async with asyncio.timeout(job.settings.max_seconds + GRACE_SECONDS):
            answer = await _answer(agent, task, tools)
        outcome = Outcome(answer.text, answer.status, tuple(Path(p) for p in answer.images))
        if answer.status == "failed":
            verdict = Score(0.0, answer.text or "the run failed without a word")
        else:
            verdict = await asyncio.to_thread(job.judge, task, outcome)
        return _record(task, verdict, answer, tools, perf_counter() - started)
    except OSError as error:
        if error.errno in DISK_ERRORS:
            where = error.filename or "the folder of the runs"
            raise SetupError(
                f"cannot write {str(where)!r}: {error.strerror}",
                hint="Make room; --resume goes on with what is done",
            ) from None
        reason = _reason(error)
    except SetupError as error:
        if not isinstance(error, MissingModel):
            raise  # the next task would fail the same way
        reason = _reason(error)
    except Exception as error:  # noqa: BLE001 - one bad sample must not end the night
        reason = _reason(error)
    failed = AnswerGiven(text="", status="failed")
    return _record(task, Score(0.0, reason), failed, tools, perf_counter() - started)


async def _answer(agent: Asks, task: Task, tools: list[str]) -> AnswerGiven:
    answer: AnswerGiven | None = None
    async with aclosing(agent.astream(task.question, list(task.images))) as events:  # type: ignore[type-var]
        async for event in events:
            if isinstance(event, CallFinished | CallFailed):
                tools.append(event.tool)
            elif isinstance(event, AnswerGiven):
                answer = event
    if answer is None:
        raise OcelliError("the run ended without an answer")
    return answer


def _reason(error: Exception) -> str:
    if isinstance(error, OcelliError):
        return error.line()
    if isinstance(error, TimeoutError):
        return "the turn outlasted its limit and was given up"
    text = "".join(c if c.isprintable() else " " for c in str(error))
    return f"{type(error).__name__}: {text}"


def _record(
    task: Task, verdict: Score, answer: AnswerGiven, tools: Sequence[str], seconds: float
) -> Record:
    return Record(
        id=task.id,
        score=verdict.value,
        answer=answer.text,
        images=tuple(str(Path(p).absolute()) for p in answer.images),
        reason=verdict.reason,
        status=answer.status,
        seconds=round(seconds, 3),
        llm_calls=answer.usage.llm_calls,
        steps=answer.steps,
        tools=tuple(tools),
        question=task.question,
        expected=_expected(task),
        pictures=task.images,
        answer_type=task.answer_type,
        needs=task.needs,
        tier=task.tier,
        trace=answer.trace,
        report=answer.report,
    )


def _expected(task: Task) -> str:
    if task.expect == "cannot":
        return "an honest cannot"
    parts = task.answer if isinstance(task.answer, list) else [task.answer]
    return ", ".join(str(part) for part in parts)


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "platform": platform.platform()}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _commit() -> str:
    """The commit the code stands at, with ``+`` where files differ from it; '' without git."""

    def git(*words: str) -> str:
        folder = Path(__file__).parent
        made = subprocess.run(
            ("git", *words), cwd=folder, capture_output=True, text=True, timeout=10, check=True
        )
        return made.stdout.strip()

    try:
        dirty = git("status", "--porcelain", "--untracked-files=no")
        return git("rev-parse", "HEAD") + ("+" if dirty else "")
    except (OSError, subprocess.SubprocessError):
        return ""
