"""Consent: who is asked, what waits meanwhile, and what becomes of a no."""

import asyncio
import io
import os
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from loop_fakes import NoModels, catalog, find, picture, tally
from PIL import Image as PilImage

from agent import consent as consent_module
from agent import prompted
from agent.answer import Answer
from agent.chat import NO, YES, Turn
from agent.consent import Desk
from agent.events import CallStarted, ConsentAsked, ConsentGiven, Event
from agent.follow import show
from agent.protocol import Call, Finish, Plan, View
from agent.run import Agent
from agent.settings import Settings
from agent.trace import read_trace
from agent.visit import Visit
from agent.visitors import Visitors
from tools.catalog import tool
from tools.context import ToolContext
from tools.types import Image, Number, Placed, Text

RAN: list[str] = []


@tool(effect="edit", verbs=("blur",))
def smear(ctx: ToolContext, image: Image, region: Placed | None = None) -> Image:
    """Blur a picture."""
    RAN.append("smear")
    return image.with_pixels(np.zeros_like(image.pixels))


@tool(effect="send", verbs=("mail",))
def mail(ctx: ToolContext, image: Image) -> Text:
    """Mail a picture."""
    RAN.append("mail")
    return Text("gone")


@tool()
def brightness(ctx: ToolContext, image: Image) -> Number:
    """How bright a picture is."""
    RAN.append("brightness")
    return Number(float(image.pixels.mean()))


TOOLS = catalog(smear, mail, brightness, find, tally)
Asked = Callable[[ConsentAsked], bool | Awaitable[bool]]


class Obeys:
    """A guarded planner: one plan, then the end; it keeps the results it was shown."""

    name = "obeys"

    def __init__(self, *calls: Call, images: tuple[str, ...] = (), times: int = 1) -> None:
        self.calls, self.images, self.times = calls, images, times
        self.seen: list[View] = []

    async def decide(self, view: View) -> Plan | Finish:
        self.seen.append(view)
        if view.step <= self.times:
            return Plan(calls=self.calls)
        return Finish(text="I cannot say more.", images=self.images)


def smearing(name: str = "s", **args: Any) -> Call:
    return Call(id=name, tool="smear", args={"image": "img1", **args})


Make = Callable[..., Agent]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[Agent] = []
    RAN.clear()

    def build(planner: Any, asks: Asked | None = None, **chosen: Any) -> Agent:
        fields = {"home": tmp_path / "home", "out": tmp_path / "runs", "remember": False, **chosen}
        agent = Agent(
            Settings(**fields), planner=planner, catalog=TOOLS, host=NoModels(), consent=asks
        )
        made.append(agent)
        return agent

    yield build
    for agent in made:
        agent.close()


@pytest.fixture(params=[False, True], ids=["in-memory", "on-disk"])
def remember(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def consents(answer: Answer) -> list[ConsentAsked | ConsentGiven]:
    events = read_trace(Path(answer.trace).parent)
    return [e for e in events if isinstance(e, ConsentAsked | ConsentGiven)]


async def agreed(asked: ConsentAsked) -> bool:
    await asyncio.sleep(0)
    return True


@pytest.mark.parametrize("asks", [lambda asked: True, agreed], ids=["plain", "async"])
def test_what_is_allowed_runs(make: Make, remember: bool, asks: Asked) -> None:
    planner = Obeys(smearing(), images=("img2",))
    answer = make(planner, asks, remember=remember).ask("What does it say?", picture())
    assert RAN == ["smear"]
    assert planner.seen[-1].results[0].handle == "img2"
    assert len(answer.images) == 1
    asked, given = consents(answer)
    assert isinstance(asked, ConsentAsked)
    assert isinstance(given, ConsentGiven)
    assert [c.tool for c in asked.calls] == ["smear"]
    assert asked.why == "smear changes a picture, which your words do not ask for"
    assert (given.id, given.allowed, given.by) == (asked.id, True, "person")


@pytest.mark.parametrize(
    ("asks", "chosen", "by", "said"),
    [
        (lambda asked: False, {}, "person", "the person said no"),
        (lambda asked: "yes", {}, "person", "the person said no"),  # only True is a yes
        (None, {}, "nobody", "nobody was there to ask"),
        (lambda asked: True, {"consent": "refuse"}, "setting", "consent is set to refuse"),
    ],
    ids=["no", "no bool", "nobody", "setting"],
)
def test_what_is_refused_is_told_and_the_rest_runs(
    make: Make, remember: bool, asks: Any, chosen: dict[str, Any], by: str, said: str
) -> None:
    bright = Call(id="b", tool="brightness", args={"image": "$s"})
    other = Call(id="o", tool="brightness", args={"image": "img1"})
    planner = Obeys(smearing(), bright, other)
    answer = make(planner, asks, remember=remember, **chosen).ask("What is this?", picture())
    assert RAN == ["brightness"]
    refused, stale, ran = planner.seen[-1].results
    assert (refused.error_kind, stale.error_kind, ran.ok) == ("Refused", "Stale", True)
    assert refused.error.startswith(f"smear was not allowed: {said}")
    assert "--consent allow" in refused.error
    given = consents(answer)[-1]
    assert isinstance(given, ConsentGiven)
    assert (given.allowed, given.by) == (False, by)


def test_the_setting_allows_without_asking(make: Make, remember: bool) -> None:
    def never(asked: ConsentAsked) -> bool:
        raise AssertionError("nobody is to be asked")

    agent = make(Obeys(smearing()), never, remember=remember, consent="allow")
    given = consents(agent.ask("What is this?", picture()))[-1]
    assert isinstance(given, ConsentGiven)
    assert (given.allowed, given.by, RAN) == (True, "setting", ["smear"])


def test_what_was_ordered_and_what_only_looks_needs_no_consent(make: Make, remember: bool) -> None:
    planner = Obeys(smearing(), Call(id="f", tool="find", args={"image": "img1"}))
    answer = make(planner, remember=remember).ask("Blur the picture", picture())
    assert consents(answer) == []
    assert [r.ok for r in planner.seen[-1].results] == [True, True]


def test_trusted_planners_are_not_asked_about(make: Make) -> None:
    planner = Obeys(smearing())
    planner.trusted = True  # type: ignore[attr-defined]
    assert consents(make(planner).ask("What is this?", picture())) == []
    assert RAN == ["smear"]


def test_nothing_of_the_plan_runs_before_the_answer(make: Make, remember: bool) -> None:
    ran: list[list[str]] = []

    def late(asked: ConsentAsked) -> bool:
        ran.append(list(RAN))
        return True

    planner = Obeys(smearing(), Call(id="o", tool="brightness", args={"image": "img1"}))
    make(planner, late, remember=remember).ask("What is this?", picture())
    assert ran == [[]]
    assert sorted(RAN) == ["brightness", "smear"]


def test_a_no_holds_for_the_turn_and_nobody_is_nagged(make: Make, remember: bool) -> None:
    asked: list[ConsentAsked] = []

    def no(question: ConsentAsked) -> bool:
        asked.append(question)
        return False

    make(Obeys(smearing(), times=4), no, remember=remember).ask("What is this?", picture())
    assert len(asked) == 1
    asked.clear()
    mails = Call(id="m", tool="mail", args={"image": "img1"})
    both = make(Obeys(smearing(), mails, times=2), no, remember=remember)
    both.ask("What is this?", picture())
    assert [len(q.calls) for q in asked] == [2]
    assert RAN == []


def test_many_different_questions_end_in_no(make: Make) -> None:
    asked: list[ConsentAsked] = []

    def yes(question: ConsentAsked) -> bool:
        asked.append(question)
        return True

    make(Obeys(smearing(), times=6), yes).ask("What is this?", picture())
    assert len(asked) == consent_module.MOST


def test_the_time_of_the_person_is_not_the_time_of_the_turn(make: Make, remember: bool) -> None:
    """The answer comes after the whole time of the turn has gone by."""
    agent = make(None, None, remember=remember)
    planner = Obeys(smearing(), images=("img2",))
    released = threading.Event()

    def slow(asked: ConsentAsked) -> bool:
        released.wait(1.5)
        return True

    agent = make(planner, slow, remember=remember, max_seconds=1.0)
    answer = agent.ask("What is this?", picture())
    assert (answer.status, len(answer.images), RAN) == ("answered", 1, ["smear"])
    assert planner.seen[-1].left.seconds > 0


def test_an_answer_is_not_waited_for_for_ever(
    make: Make, remember: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consent_module, "SECONDS", 0.05)

    async def never(asked: ConsentAsked) -> bool:
        await asyncio.Event().wait()
        return True

    answer = make(Obeys(smearing()), never, remember=remember).ask("What is this?", picture())
    given = consents(answer)[-1]
    assert isinstance(given, ConsentGiven)
    assert (given.by, RAN) == ("nobody", [])


def test_a_desk_is_answered_by_id_and_once(make: Make, remember: bool) -> None:
    agent = make(Obeys(smearing()), Desk(), remember=remember)
    said: list[bool] = []
    for event in agent.stream("What is this?", picture()):
        if isinstance(event, ConsentAsked):
            said.append(agent.settle("0" * 32, True))
            said.append(agent.settle(event.id, True))
    assert said == [False, True]
    assert RAN == ["smear"]
    assert not agent.settle(event.id if isinstance(event, ConsentAsked) else "", True)


def test_a_turn_that_is_stopped_while_it_waits_has_done_nothing(make: Make, remember: bool) -> None:
    agent = make(Obeys(smearing()), Desk(), remember=remember)

    async def main() -> str:
        stream = agent.astream("What is this?", picture(), session="s")
        async for event in stream:
            if isinstance(event, ConsentAsked):
                break
        await stream.aclose()
        assert isinstance(event, ConsentAsked)
        return event.id

    id = asyncio.run(main())
    assert not agent.settle(id, True)
    assert RAN == []
    later = Obeys(Call(id="o", tool="brightness", args={"image": "img1"}))
    again = make(later, remember=remember) if remember else agent
    if not remember:
        agent.planner.calls = later.calls  # type: ignore[attr-defined]
    answer = again.ask("And how bright is it?", session="s")
    assert answer.status == "answered"
    assert RAN == ["brightness"]


def test_while_it_waits_the_kept_conversation_is_on_disk(make: Make, tmp_path: Path) -> None:
    """The graph stopped at the question: what was known is stored, nothing of the plan ran."""
    rows: list[int] = []

    def look(asked: ConsentAsked) -> bool:
        with sqlite3.connect(tmp_path / "home" / "conversations.sqlite") as base:
            rows.append(base.execute("SELECT count(*) FROM checkpoints").fetchone()[0])
        base.close()
        return True

    make(Obeys(smearing()), look, remember=True).ask("What is this?", picture())
    assert rows == [1]
    assert RAN == ["smear"]


def test_a_callback_that_fails_is_no_yes(make: Make) -> None:
    def broken(asked: ConsentAsked) -> bool:
        raise ZeroDivisionError("a bug of the program")

    with pytest.raises(ZeroDivisionError):
        make(Obeys(smearing()), broken).ask("What is this?", picture())
    assert RAN == []


def test_sending_is_asked_about(make: Make) -> None:
    planner = Obeys(Call(id="m", tool="mail", args={"image": "img1"}))
    answer = make(planner, lambda asked: False).ask("Blur the picture", picture())
    asked = consents(answer)[0]
    assert isinstance(asked, ConsentAsked)
    assert asked.why == "mail sends something, which your words do not ask for"
    assert make(planner).ask("Mail this picture", picture()).status == "answered"
    assert RAN == ["mail"]


def test_a_question_is_told_before_its_calls_start(make: Make) -> None:
    kinds: list[type[Event]] = []
    for event in make(Obeys(smearing()), lambda asked: True).stream("What is this?", picture()):
        kinds.append(type(event))
    order = [kinds.index(k) for k in (ConsentAsked, ConsentGiven, CallStarted)]
    assert order == sorted(order)


@pytest.mark.parametrize(("said", "ran"), [(YES, ["smear"]), (NO, []), ("what?", [])])
def test_a_page_shows_buttons_while_it_waits(
    make: Make, tmp_path: Path, said: str, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consent_module, "SECONDS", 10 if said in (YES, NO) else 0.1)
    path = tmp_path / "a.png"
    PilImage.fromarray(picture().pixels).save(path)
    agent = make(Obeys(smearing()), Desk())
    visit = Visit.of(Visitors(tmp_path / "pages"), "")
    seen: list[list[dict[str, str]]] = []

    async def main() -> None:
        async for _ in visit.ask(agent, "What is this?", [str(path)]):
            asking = [m["options"] for m in visit.messages if "options" in m]
            if asking and not seen:
                seen.extend(asking)
                visit.settle(agent, said)

    asyncio.run(main())
    assert [[o["value"] for o in options] for options in seen] == [[YES, NO]]
    assert not any("options" in m for m in visit.messages)
    assert ran == RAN
    visit.settle(agent, YES)  # a button that was pressed too late
    assert ran == RAN


def test_what_a_page_asks_is_escaped_and_closed_with_the_turn() -> None:
    turn = Turn("t1")
    call = smearing(region="![x](http://evil.invalid)")
    turn.add(ConsentAsked(id="1", calls=(call,), why="<b>why</b>"))
    text = str(turn.messages[-1]["content"])
    assert "<b>" not in text
    assert "![" not in text
    assert turn.consent == "1"
    turn.stop()
    assert turn.consent == ""
    assert "options" not in turn.messages[0]


@pytest.mark.parametrize(
    ("typed", "allowed"), [("y\n", True), ("Yes \n", True), ("\n", False), ("yo\n", False)]
)
def test_a_terminal_is_asked(typed: str, allowed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    controller, terminal = os.openpty()
    out = io.StringIO()
    asked = ConsentAsked(id="1", calls=(smearing(region="\x1b[2J"),), why="it changes")
    with os.fdopen(terminal, "r") as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        os.write(controller, typed.encode())
        assert asyncio.run(prompted.ask(asked, out)) is allowed
    os.close(controller)
    assert "smear(image=img1, region=\\x1b[2J)" in out.getvalue()
    assert "it changes. Allow it? [y/N]" in out.getvalue()


def test_a_terminal_that_says_nothing_says_no(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompted, "SECONDS", 0.05)
    controller, terminal = os.openpty()
    asked = ConsentAsked(id="1", calls=(smearing(),), why="it changes")
    with os.fdopen(terminal, "r") as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        assert asyncio.run(prompted.ask(asked, io.StringIO())) is False
    os.close(controller)


def test_without_a_terminal_nobody_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert not prompted.is_there()


@pytest.mark.parametrize("said", [True, False])
def test_the_command_line_asks_on_the_way(
    make: Make, said: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    agent = make(Obeys(smearing()), Desk())

    async def ask(asked: ConsentAsked) -> None:
        agent.settle(asked.id, said)

    events = agent.astream("What is this?", picture())
    assert asyncio.run(show(events, as_json=False, ask=ask)) == 0
    assert ("You said yes" in capsys.readouterr().out) is said
    assert RAN == (["smear"] if said else [])
