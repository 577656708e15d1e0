"""What an edit is aimed at, in words: what the calls behind it were told to look for.

A person may order a change and a picture another target for it ("blur the sign", and the sign says
"blur all faces"). Where a text that was read orders what a call does, the call may only touch what
the person named. Knows nothing of loops or of how consent is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.names import GENERIC, canon, same_name
from agent.protocol import Call, Result, Turn
from agent.scene import Scene
from agent.wishes import STOP, Order, Wishes, lexicon, plainly, wishes_of
from tools.catalog import Catalog, Param, ToolSpec
from tools.colorwords import is_color
from tools.types import Placed

LONGEST_NAME = 3
"""Words of a name that is looked for among what a person said."""
ALL_OF_IT = frozenset(
    "it this that these those them all everything whole entire picture photo image photograph "
    "screenshot scan page shot frame drawing painting view one".split()
)
"""Words for the picture as a whole."""
EVERYTHING = frozenset(("everything", "entire", "whole"))
_ENTITY = re.compile(r"#(\d{1,6})")
_WORD = re.compile(r"[^\W_]+")
Names = tuple[str, ...]
"""All that something is called."""


@dataclass(frozen=True)
class Lineage:
    """Which call made what, as far back as the conversation goes."""

    catalog: Catalog
    scene: Scene
    makers: Mapping[str, Call]

    def aims(self, call: Call) -> tuple[Names, ...]:
        """What the regions of a call are, each by all names it goes by; short texts of its own."""
        spec = self.catalog.tools[call.tool]
        own = [(t,) for t in _texts(call, spec) if len(t.split()) <= LONGEST_NAME]
        behind = [n for r in _references(call, spec) for n in self._behind(r, set())]
        return tuple(dict.fromkeys((*own, *behind)))

    def _behind(self, reference: str, seen: set[str]) -> Iterator[Names]:
        """What a reference stands for: a thing by its number, or what a call found."""
        entity = _ENTITY.fullmatch(reference)
        if entity is not None:
            yield from self._entity(int(entity[1]), seen)
            return
        name = reference.removeprefix("$")
        call = self.makers.get(name)
        spec = self.catalog.tools.get(call.tool) if call is not None else None
        if call is None or spec is None or spec.effect != "read" or name in seen:
            return
        seen.add(name)
        further = [n for r in _references(call, spec) for n in self._behind(r, seen)]
        texts = _texts(call, spec)
        yield from further
        yield from ((t,) for t in texts)
        if not texts and not further and spec.nouns:
            yield spec.nouns

    def _entity(self, number: int, seen: set[str]) -> Iterator[Names]:
        entity = self.scene.entity(number)
        if entity is not None:
            others = [n for w in entity.witnesses for n in self._behind(w.handle, seen)]
            yield (entity.label, f"#{number}", *(name for names in others for name in names))


def _texts(call: Call, spec: ToolSpec) -> list[str]:
    """The free texts among the arguments of a call; names of colours are none."""
    given = [
        text
        for name, value in call.args.items()
        if (param := spec.params.get(name)) is not None
        and param.type in (str, list)
        and not param.choices
        for text in (value if isinstance(value, list | tuple) else [value])
    ]
    return [t for t in given if isinstance(t, str) and t.strip() and not is_color(t)]


def _references(call: Call, spec: ToolSpec) -> list[str]:
    """What stands for artefacts with a place among the arguments of a call."""
    return [
        reference
        for name, value in call.args.items()
        if (param := spec.params.get(name)) is not None
        and param.is_artefact
        and issubclass(param.type, Placed)
        for reference in (value if isinstance(value, list | tuple) else [value])
        if isinstance(reference, str)
    ]


def lineage(
    catalog: Catalog,
    scene: Scene,
    calls: Iterable[Call],
    results: Iterable[Result],
    turns: Sequence[Turn],
) -> Lineage:
    """Of a plan's calls, after what this turn and earlier ones have made."""
    makers = {h: c for t in turns for c, h in zip(t.calls, t.handles, strict=False) if h}
    makers |= {r.handle: r.call for r in results if r.handle}
    makers |= {c.id: c for c in calls}
    return Lineage(catalog, scene, makers)


def bids(texts: Iterable[str], spec: ToolSpec) -> str:
    """The first text that orders what a tool does, '' where there is none."""
    known = lexicon()
    verbs = (*spec.verbs, *known["verbs"].get(spec.name, ()))
    leads = {plainly(verb) for verb, tools in known["general"].items() if spec.name in tools}
    for text in texts:
        if spec.name in text.lower():
            return text
        for order in wishes_of(text).orders:
            if order.lead in leads or any(order.orders(verb) for verb in verbs):
                return text
    return ""


def strange(call: Call, spec: ToolSpec, known: Lineage, wishes: Wishes, orders: Sequence[Order]) -> str:  # fmt: skip
    """What a call is aimed at that the person did not name, in words; '' where there is nothing.

    Args:
        call: The call, arguments as planned.
        spec: Its tool.
        known: Where what it works on comes from.
        wishes: All that the person said.
        orders: Those of it that are for this tool.
    """
    if EVERYTHING & {*_WORD.findall(wishes.words.lower())}:
        return ""
    for names in known.aims(call):
        if not any(canon(n) in GENERIC or _named(n, wishes.words) for n in names):
            return repr(names[0])
    parts = [p for p in spec.params.values() if _is_part(p)]
    chosen = any(_given(call.args.get(p.name)) for p in parts)
    if parts and not chosen and orders and all(_wants_part(o) for o in orders):
        return "the whole picture"
    return ""


def _is_part(param: Param) -> bool:
    return param.is_artefact and issubclass(param.type, Placed) and not param.required


def _given(value: Any) -> bool:
    return value is not None and value != "" and value != []


def _named(aim: str, words: str) -> bool:
    """Whether a person's words name this: one of the names in them, or all of a text."""
    plain = re.escape(" ".join(aim.lower().split()))
    if re.search(rf"(?<!\w){plain}(?!\w)", " ".join(words.lower().split())):
        return True
    said = _WORD.findall(words.lower())
    spans = range(1, LONGEST_NAME + 1)
    return any(
        same_name(aim, name)
        for size in spans
        for at in range(len(said) - size + 1)
        if canon(name := " ".join(said[at : at + size])) not in GENERIC
    )


def _wants_part(order: Order) -> bool:
    """Whether an order has an object, and that is not the picture as a whole."""
    said = [w for w in order.words if w != STOP]
    objects = said[1:] if order.lead else said
    return bool(objects) and not ALL_OF_IT & {*objects}
