"""A planner that writes nonsense, malice and malformed plans, the same ones for the same seed."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from agent.protocol import Call, Finish, Plan, Usage, View
from tools.errors import PlannerError, ServerError

WORDS = (
    "", " ", "img1", "img2", "img999999", "boxes1", "text1", "#1", "#0", "#99999999999", "#1 #2",
    "$1", "$9", "$a", "$", "$$", "../../etc/passwd", "/etc/passwd", "file:///etc/passwd",
    "http://127.0.0.1:1/x.png", "\ud800", "\x00", "\x1b[2J", "a" * 20_000, "🦖" * 300, "null",
    "'; DROP TABLE turns; --", "{{7*7}}", "<script>alert(1)</script>", "nan", "-inf", "1e999",
    "‮drawkcab", "[img1]", "img1,img1", "IMG1", "img 1", "__class__", "red", "top half",
)  # fmt: skip
NUMBERS = (
    0, -1, 1, 2, 7, 10**9, -(10**18), 10**40, 2**63, math.nan, math.inf, -math.inf, 0.1, -0.0, 1e308,
    5e-324, True, False,
)  # fmt: skip


class Chaos:
    """Decides at random; guarded like any planner that is not ours."""

    name = "chaos"

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.decisions = 0
        self.last: Plan | None = None

    async def decide(self, view: View) -> Plan | Finish:
        self.decisions += 1
        kinds = (self._plan, self._plan, self._plan, self._plan, self._again, self._circle,
                 self._many, self._look, self._fail, self._finish)  # fmt: skip
        make: Callable[[View], Plan | Finish] = self.random.choice(kinds)
        try:
            return make(view)
        except ValidationError as error:  # what no reply can say is a reply that cannot be read
            raise PlannerError(str(error).splitlines()[0]) from None

    def _plan(self, view: View) -> Plan:
        calls = tuple(self._call(view, n) for n in range(self.random.randint(0, 6)))
        self.last = Plan(calls=calls, thought=self._word(), look=self._looks(), usage=self._usage())
        return self.last

    def _again(self, view: View) -> Plan:
        return self.last or self._plan(view)

    def _circle(self, view: View) -> Plan:
        ids = ["a", "b", "c"]
        args = [self.random.choice(ids) for _ in ids]
        calls = [
            Call(id=i, tool=self._tool(view), args={"image": f"${a}", "region": f"${i}"})
            for i, a in zip(ids, args, strict=True)
        ]
        if self.random.random() < 0.3:
            calls.append(calls[0])  # an id twice
        return Plan(calls=tuple(calls))

    def _many(self, view: View) -> Plan:
        size = self.random.choice((24, 25, 200))
        return Plan(calls=tuple(self._call(view, n) for n in range(size)))

    def _look(self, view: View) -> Plan:
        return Plan(look=self._looks() or ("img1",), thought="again")

    def _fail(self, view: View) -> Plan:
        if self.random.random() < 0.05:
            raise ServerError("the line is dead")
        raise PlannerError(self._word() or "no reply")

    def _finish(self, view: View) -> Finish:
        cites = " ".join(f"[{self._word()}]" for _ in range(self.random.randint(0, 4)))
        text = f"There are {self._number()} {self._word()} {cites}. It is red [#1]. {self._word()}"
        images = tuple(self._handle(view) for _ in range(self.random.randint(0, 5)))
        status = self.random.choice(("answered", "cannot", "failed"))
        return Finish(text=text, status=status, images=images)  # type: ignore[arg-type]

    def _call(self, view: View, number: int) -> Call:
        tool = self._tool(view)
        spec = view.catalog.tools.get(tool)
        args: dict[str, Any] = {}
        for param in spec.params.values() if spec else ():
            if self.random.random() < 0.8:
                good = self.random.random() < 0.7
                args[param.name] = self._fit(view, param) if good else self._value(view)
        while self.random.random() < 0.15:
            args[self._word()[:60]] = self._value(view)
        name = str(number) if self.random.random() < 0.9 else self._word()[:50]
        return Call(id=name, tool=tool, args=args)

    def _fit(self, view: View, param: Any) -> Any:
        if param.is_artefact:
            return self._handle(view)
        if param.choices:
            return self.random.choice(param.choices)
        if param.type is str:
            return self.random.choice(("red", "face", "a dog", "STOP"))
        return self.random.choice((1, 2, 0.5))

    def _value(self, view: View) -> Any:
        kinds: tuple[Callable[[], Any], ...] = (
            self._word, self._number, lambda: None, lambda: self._handle(view), self._deep,
            lambda: [self._word()] * self.random.choice((1, 1000)), lambda: {"x": self._number()},
            lambda: [[self._number()] * 4] * 3,
        )  # fmt: skip
        return self.random.choice(kinds)()

    def _deep(self) -> Any:
        value: Any = self._word()
        for _ in range(self.random.choice((3, 60))):
            value = [value] if self.random.random() < 0.5 else {"v": value}
        return value

    def _tool(self, view: View) -> str:
        if self.random.random() < 0.1:
            return self._word()
        return self.random.choice(list(view.catalog.tools))

    def _handle(self, view: View) -> str:
        if self.random.random() < 0.3 or not view.kinds:
            return self._word()
        return self.random.choice(list(view.kinds))

    def _looks(self) -> tuple[str, ...]:
        return tuple(self._word() for _ in range(self.random.randint(0, 3)))

    def _usage(self) -> Usage:
        return Usage(llm_calls=self.random.choice((0, 1)), tokens_in=self.random.choice((0, 9)))

    def _word(self) -> str:
        return self.random.choice(WORDS)

    def _number(self) -> Any:
        return self.random.choice(NUMBERS)
