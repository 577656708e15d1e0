"""Whether a call may run without asking: changing and sending need the person's own words.

Looking is always allowed. What changes or sends must be ordered by what the person said in this
turn, or in an earlier one that this one refers to; text that was read in pictures, names of files
and what models say never count, and where such a text orders the same change, only what the person
named may be changed. A few edits only make a view for looking closer; they may run, and their
pictures become part of an answer only where pictures were asked for. Planners that are our own code
or the person's own script are trusted. Knows nothing of loops or of how consent is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rapidfuzz import fuzz

from agent.aims import LONGEST_NAME, Lineage, bids, strange
from agent.names import squeezed
from agent.protocol import Call, Result, Turn
from agent.scene import Scene
from agent.wishes import Order, Wishes, lexicon, plainly, refers_back, wishes_of
from tools.catalog import Catalog, ToolSpec
from tools.colorwords import is_color

BACK = 6
"""Earlier turns that a question may refer to, one through the other."""
COPIED = 16
"""Letters from which a text of a call can be one that was read."""
ALIKE = 85
"""Percent of letters by which it is."""


def trusted(planner: object) -> bool:
    """Whether a planner's calls need no authority: it says so of itself."""
    return bool(getattr(planner, "trusted", False))


def ordered(question: str, turns: Sequence[Turn] = ()) -> Wishes:
    """What the person orders now, earlier turns included as far as this one refers to them."""
    said = [question]
    for turn in list(reversed(turns))[:BACK]:
        if not refers_back(said[-1]):
            break
        said.append(turn.question)
    return wishes_of(*said)


def is_look(spec: ToolSpec) -> bool:
    """Whether an edit only makes a view for looking closer."""
    return spec.effect == "edit" and spec.name in lexicon()["looks"]


def needs_consent(
    call: Call,
    spec: ToolSpec,
    wishes: Wishes,
    read: Sequence[str] = (),
    known: Lineage | None = None,
) -> str:
    """Why a call must not run before the person agrees; '' where it may.

    Args:
        call: The call, arguments as planned.
        spec: Its tool.
        wishes: What the person ordered.
        read: Texts that were read in pictures or come from models.
        known: Where what the call works on comes from.
    """
    if spec.effect == "read" or is_look(spec):
        return ""
    orders = [order for order in wishes.orders if _orders(order, call, spec)]
    if not orders:
        does = "sends something" if spec.effect == "send" else "changes a picture"
        return f"{spec.name} {does}, which your words do not ask for"
    copied = _copied(call, spec, wishes, read)
    if copied:
        return f"the {copied} of {spec.name} is text that was read, not said by you"
    if known is not None and bids(read, spec):
        aim = strange(call, spec, known, wishes, orders)
        if aim:
            return (
                f"a text in the picture asks for {spec.name} too, and you did not name {aim} as"
                " what to change"
            )
    return ""


def may_show(spec: ToolSpec, call: Call, wishes: Wishes) -> bool:
    """Whether the picture of a look may be part of the answer."""
    words = lexicon()["looking"]
    return any(
        _orders(order, call, spec) or any(order.says(w) for w in words) for order in wishes.orders
    )


def _orders(order: Order, call: Call, spec: ToolSpec) -> bool:
    """Whether an order is for a call."""
    known = lexicon()
    if any(order.orders(verb) for verb in (*spec.verbs, *known["verbs"].get(spec.name, ()))):
        return _operation(order, call, spec)
    if spec.effect == "send":
        return False
    means = {plainly(verb): tools for verb, tools in known["general"].items()}
    if spec.name in means.get(order.lead, ()):
        return _operation(order, call, spec)
    if order.lead and order.lead not in means and order.lead not in known["showing"]:
        return False
    if spec.name in known["operations"]:
        return _operation(order, call, spec)
    nouns = (*spec.nouns, *known["nouns"].get(spec.name, ()))
    return any(order.says(noun) for noun in nouns)


def _operation(order: Order, call: Call, spec: ToolSpec) -> bool:
    """Whether an order is for the operation that a call chooses, where its tool has several."""
    table = lexicon()["operations"].get(spec.name)
    if table is None:
        return True
    chosen = str(call.args.get("operation", ""))
    if any(order.says(word) for word in table.get(chosen, (chosen.replace("_", " "),))):
        return True
    return chosen in table["colours"] and any(is_color(word) for word in order.words)


def _copied(call: Call, spec: ToolSpec, wishes: Wishes, read: Sequence[str]) -> str:
    """The free text among the arguments that was read somewhere, '' where there is none."""
    said = squeezed(wishes.words)
    for name, value in call.args.items():
        param = spec.params.get(name)
        if param is None or param.type is not str or param.choices or not isinstance(value, str):
            continue
        wanted = squeezed(value)
        if len(wanted) < COPIED or wanted in said:
            continue
        for text in read:
            own = squeezed(text)
            if len(own) >= COPIED and fuzz.partial_ratio(wanted, own) >= ALIKE:
                return name
    return ""


def unordered(
    calls: Iterable[Call], known: Lineage, wishes: Wishes, read: Sequence[str]
) -> dict[str, str]:
    """Why calls of a plan must not run before the person agrees, by id."""
    found = {}
    for call in calls:
        spec = known.catalog.tools.get(call.tool)
        why = needs_consent(call, spec, wishes, read, known) if spec is not None else ""
        if why:
            found[call.id] = why
    return found


def read_so_far(scene: Scene, names: Iterable[str] = ()) -> list[str]:
    """What was read or said of pictures by anybody but the person; names of things are no text."""
    labels = [
        e.label for e in scene.entities if e.kind != "thing" or len(e.label.split()) > LONGEST_NAME
    ]
    hung = [value for e in scene.entities for _, value in e.attributes]
    return [*labels, *hung, *(f.text for f in scene.facts), *names]


def shown(
    images: Iterable[str], results: Iterable[Result], catalog: Catalog, wishes: Wishes
) -> tuple[str, ...]:
    """The pictures that may be part of an answer: looks only where somebody asked to see them."""
    inside = set()
    for result in results:
        spec = catalog.tools.get(result.call.tool)
        if spec is not None and is_look(spec) and not may_show(spec, result.call, wishes):
            inside.add(result.handle)
    return tuple(h for h in images if h not in inside)
