"""How things stand, as the text of a request: flat, capped, the same size after two steps or forty.

What was read from pictures, files or models stands inside a fence. Knows nothing of servers or of
how a reply is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from agent.entities import Entity
from agent.fence import fenced, one_line, visible
from agent.prompts import load_sections
from agent.protocol import Call, Result, View
from agent.summary import summary
from tools.types import Image, Placed

STATE = "thinking/state.toml"
MAX_SCENE = 7000
"""Characters of the numbered things."""
MAX_NEWS = 9000
"""Characters of the results that are new, shared by them."""
MAX_BEFORE = 12
"""Earlier results that are named one by one."""
MAX_FACTS = 16
MAX_FACT = 200
"""Characters of a fact that was told in full before."""
MAX_PICTURES = 16
MAX_LABEL = 300
"""Characters of what a thing is or says."""
MAX_ARGUMENT = 120
"""Characters of one argument as it is told back."""


def state(view: View, attached: Mapping[str, str], cards: str = "") -> str:
    """The text of a request.

    Args:
        view: What the planner gets to see.
        attached: What is to be said of each picture that goes with the request, by handle.
        cards: The tools as text, for protocols that have no functions to call.
    """
    left = view.left
    calls = max(0, left.calls)
    told: dict[str, dict[str, str]] = {
        "earlier": {"turns": summary(view.turns, view.kinds)},
        "tools": {"cards": cards},
        "pictures": {"rows": "\n".join(_pictures(view))},
        "scene": {"fenced": _seen(view)},
        "question": {"question": visible(view.question, 8000)},
        "attached": {"rows": "\n".join(f"{h}: {words}" for h, words in attached.items())},
        "left": {"steps": str(left.steps), "calls": str(calls), "seconds": f"{left.seconds:.0f}"},
        "last": {},
        "problem": {"problem": visible(view.problem)},
    }
    sections = load_sections(STATE)
    return "\n\n".join(
        sections[name].render(**holes)
        for name, holes in told.items()
        if all(holes.values()) and (view.last or name != "last")
    )


def _pictures(view: View) -> Iterator[str]:
    """The pictures in question, what the person drew, and the newest versions that were made."""
    for place, handle in enumerate(view.images[:MAX_PICTURES], 1):
        which = f", picture {place} of {len(view.images)}" if len(view.images) > 1 else ""
        name = view.names.get(handle, "")
        called = f", file name {one_line(name, 80)}" if name else ""
        yield f"{handle}: {_size(view, handle)}{which}{called}"
    if len(view.images) > MAX_PICTURES:
        yield f"and {len(view.images) - MAX_PICTURES} more: {', '.join(view.images[MAX_PICTURES:])}"
    for handle in view.clips:
        name = view.names.get(handle, "")
        yield f"{handle}: {view.get(handle).describe()}, file name {one_line(name, 80)}"
    for handle in view.given:
        yield f"{handle}: drawn by the person: {view.get(handle).describe(6)}"
    made = [r for r in view.results if isinstance(r.artefact, Image)]
    for result in made[-4:]:
        yield f"{result.handle}: {_size(view, result.handle)}, made by {call_words(result.call)}"
    known = {*view.images, *view.clips, *view.given, *(r.handle for r in view.results)}
    older = [h for h in view.kinds if h not in known]
    if older:
        more = f" and {len(older) - 24} before" if len(older) > 24 else ""
        yield f"from earlier questions: {', '.join(older[-24:])}{more}"


def _size(view: View, handle: str) -> str:
    picture = view.get(handle)
    return f"{picture.width}×{picture.height} px" if isinstance(picture, Image) else ""


def _seen(view: View) -> str:
    """Everything that experts said, in one fence; '' where nothing was asked of them yet."""
    parts = [*_before(view), *_news(view), *_things(view), *_facts(view)]
    return fenced("\n".join(parts), "experts", MAX_SCENE + 2 * MAX_NEWS) if parts else ""


def _before(view: View) -> Iterator[str]:
    """Results the planner has seen before, by name only."""
    old = view.results[: len(view.results) - view.news]
    if not old:
        return
    yield "Earlier in this turn:"
    if len(old) > MAX_BEFORE:
        yield f"({len(old) - MAX_BEFORE} calls before these)"
    for result in old[-MAX_BEFORE:]:
        came = result.handle or f"failed: {result.error[:MAX_ARGUMENT]}"
        yield f"{call_words(result.call)} -> {came}"


def _news(view: View) -> Iterator[str]:
    """The results of the last plan, in full as far as there is room."""
    fresh = view.results[len(view.results) - view.news :] if view.news else ()
    if not fresh:
        return
    room = MAX_NEWS // len(fresh)
    yield "New results:"
    for result in fresh:
        yield f"{call_words(result.call)} -> {_came(view, result, room)}"


def _came(view: View, result: Result, room: int) -> str:
    if result.artefact is None:
        return f"failed ({result.error_kind}): {result.error}"
    by = f" by {result.model}" if result.model else ""
    again = " (same call as before, answered from memory)" if result.cached else ""
    numbers = view.scene.numbers(result.handle)
    if isinstance(result.artefact, Placed) and numbers:
        said = f"{len(numbers)} {result.artefact.KIND}: {_range(numbers)}"
    else:
        said = result.artefact.describe(60)
    cut = said if len(said) <= room else f"{said[:room]}… ({len(said) - room} more characters)"
    return f"{result.handle}{by}{again}: {cut}"


def _range(numbers: tuple[int, ...]) -> str:
    """``#1–#12`` where numbers follow one another, else each."""
    unique = list(dict.fromkeys(numbers))
    if len(unique) > 2 and unique == list(range(unique[0], unique[0] + len(unique))):
        return f"#{unique[0]}–#{unique[-1]}"
    shown = " ".join(f"#{n}" for n in unique[:40])
    return shown if len(unique) <= 40 else f"{shown} and {len(unique) - 40} more"


def _things(view: View) -> Iterator[str]:
    """The numbered scene: what is new first, then the newest, as far as there is room."""
    entities = view.scene.entities
    if not entities:
        return
    fresh = view.results[len(view.results) - view.news :] if view.news else ()
    first = dict.fromkeys(n for r in fresh for n in view.scene.numbers(r.handle))
    wanted = [*first, *(e.id for e in reversed(entities[-400:]) if e.id not in first)]
    lines: dict[int, str] = {}
    room = MAX_SCENE
    for number in wanted:
        line = thing(entities[number - 1], many=len(view.images) > 1)
        room -= len(line) + 1
        if room < 0:
            break
        lines[number] = line
    yield "Scene:"
    yield from (lines[n] for n in sorted(lines))
    if len(lines) < len(entities):
        yield f"({len(entities) - len(lines)} more things of #1–#{len(entities)} are not shown)"


def thing(entity: Entity, *, many: bool = True) -> str:
    """One thing of the scene in a line."""
    x1, y1, x2, y2 = (round(v) for v in entity.box)
    label = one_line(entity.label, MAX_LABEL)
    name = f"{entity.kind} {label}" if entity.kind != "thing" else label[1:-1]
    where = f" in {entity.image}" if many else ""
    told = "".join(
        f"; {what}: {one_line(value, MAX_LABEL)[1:-1]}" for what, value in entity.attributes[:6]
    )
    seen = dict.fromkeys(w.model or w.tool for w in entity.witnesses)
    by = f" seen by {', '.join(seen)}" if len(seen) > 1 else ""
    return f"#{entity.id} {name} {entity.score:.2f} [{x1},{y1},{x2},{y2}]{where}{by}{told}"


def _facts(view: View) -> Iterator[str]:
    """What is known beyond the things, the newest last; new results were told already."""
    told = {r.handle for r in view.results[len(view.results) - view.news :]} if view.news else set()
    facts = [f for f in view.scene.facts[-4 * MAX_FACTS :] if f.absent or f.handle not in told]
    if not facts:
        return
    yield "Facts:"
    for fact in facts[-MAX_FACTS:]:
        text = fact.text if len(fact.text) <= MAX_FACT else f"{fact.text[:MAX_FACT]}…"
        yield f"- {text} [{fact.handle}]"


def call_words(call: Call) -> str:
    """A call as the planner wrote it, long arguments cut."""
    args = ", ".join(f"{name}={_short(value)}" for name, value in call.args.items())
    return f"{call.tool}({args})"


def _short(value: object) -> str:
    said = " ".join(value.split()) if isinstance(value, str) else repr(value)
    return said if len(said) <= MAX_ARGUMENT else f"{said[:MAX_ARGUMENT]}…"
