"""A planner that replays decisions: for tests, traces and recipes. No model, no guessing.

A decision is a plan, an end, or a function of the view that makes one. ``$id`` may also name a
call of an earlier plan. Knows nothing of where the decisions come from.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from agent.arguments import resolved
from agent.protocol import Finish, Plan, View
from agent.settings import Settings
from tools.errors import ConfigError, PlannerError

Decision = Plan | Finish | Callable[[View], Plan | Finish]


class ScriptedPlanner:
    """Gives its decisions in order; the last end is given again when it is sent back."""

    name = "scripted"
    fixed = True
    """Its way is laid down: no route is chosen for it, and nobody takes over."""
    trusted = True
    """Its calls are the script's: the person's own."""

    def __init__(self, decisions: Iterable[Decision]) -> None:
        self.decisions = list(decisions)
        self.views: list[View] = []
        """What it was shown, oldest first."""

    async def decide(self, view: View) -> Plan | Finish:
        """The next decision.

        Raises:
            PlannerError: the script is over.
        """
        self.views.append(view)
        index = len(self.views) - 1
        if index >= len(self.decisions):
            last = self.decisions[-1] if self.decisions else None
            if not view.problem or isinstance(last, Plan | None):
                raise PlannerError(f"the script of {len(self.decisions)} decisions is over")
            index = -1
        decision = self.decisions[index]
        reply = decision if isinstance(decision, Plan | Finish) else decision(view)
        return reply if isinstance(reply, Finish) else with_handles(reply, view)


def with_handles(plan: Plan, view: View) -> Plan:
    """The plan with references to earlier plans' calls replaced by their handles."""
    own = {c.id for c in plan.calls}
    made = {r.call.id: r.handle for r in view.results if r.ok and r.call.id not in own}
    return plan.model_copy(update={"calls": tuple(resolved(c, made) for c in plan.calls)})


class _Script(BaseModel):
    model_config = ConfigDict(extra="forbid")

    decisions: list[Plan | Finish]


def read_script(path: Path) -> ScriptedPlanner:
    """The planner of a JSON file ``{"decisions": [plan or end, …]}``.

    Raises:
        ConfigError: it cannot be read or holds something else.
    """
    try:
        found: Any = json.loads(path.read_text("utf-8"))
        return ScriptedPlanner(_Script.model_validate(found).decisions)
    except OSError as error:
        raise ConfigError(f"cannot read the script {path}: {error.strerror}") from None
    except (ValidationError, ValueError) as error:
        first = str(error).splitlines()[0]
        raise ConfigError(
            f"{path} is no script: {first}", hint='It must be {"decisions": [plan or end, …]}'
        ) from None


def PLANNER(settings: Settings) -> ScriptedPlanner:
    """The script that the settings name."""
    if settings.script is None:
        raise ConfigError(
            "the planner 'scripted' needs a script", hint="Set script to the path of a JSON file"
        )
    return read_script(settings.script)
