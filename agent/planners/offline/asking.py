"""Handing a clause to a model that takes plain words: questions, descriptions, changes.

Also the sentence for when no such model is ready: which ability is missing and the command that
would bring it. Knows nothing of which clauses need it.
"""

from __future__ import annotations

from typing import Any

from agent.planners.offline import patterns
from agent.planners.offline.quotations import unquote
from agent.planners.offline.scope import Scope
from agent.planners.offline.work import Cannot, Fragment, bring
from agent.protocol import View
from tools.types import Image, Text

LONG = r"\b(?:in (?:great |more )?detail|detailed|at length|fully|long(?:er)?|everything)\b"


def ready(view: View, ability: str) -> bool:
    """Whether a model of an ability can be used here."""
    return any(not m.missing() for m in view.catalog.of_ability(ability))


def lacking(view: View, ability: str, who: str) -> Cannot:
    """The honest end where nothing ready has an ability."""
    return Cannot(
        f"I cannot answer that: it needs the ability `{ability}` ({who}), and no ready model has "
        f"it. {bring(view.catalog.of_ability(ability))}"
    )


def asked(scope: Scope) -> Fragment:
    """The clause as a question to a model that sees."""
    return _told(scope, "vqa", question=f"{_said(scope)}?")


def described(scope: Scope) -> Fragment:
    """The picture in a model's words."""
    detail = "detailed" if patterns.search(LONG, scope.text) else "short"
    return _told(scope, "caption", detail=detail)


def changed(scope: Scope) -> Fragment:
    """The clause as an instruction to a model that paints."""
    region = scope.given
    if region is None and scope.points is not None:
        region = scope.work.call("segment", image=scope.image, points=scope.points)
    ref = scope.work.call(
        "edit_by_instruction", image=scope.edited, instruction=_said(scope), region=region
    )
    scope.work.see(ref, Image)
    return Fragment(
        f"Here is the changed picture{scope.work.cite(ref)}", images=(ref.name,), focus=ref
    )


def _said(scope: Scope) -> str:
    text = unquote(scope.text, scope.clause.quotes)
    return text[:1].upper() + text[1:]


def _told(scope: Scope, tool: str, **args: Any) -> Fragment:
    ref = scope.work.call(tool, image=scope.image, region=scope.given, **args)
    said = scope.work.see(ref, Text).value.strip()
    if not said:
        raise Cannot(f"I cannot answer that: {tool} gave no words")
    return Fragment(f"{said.rstrip('.')}{scope.work.cite(ref)}", focus=ref)
