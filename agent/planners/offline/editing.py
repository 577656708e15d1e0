"""Goals that make a new picture: hide, remove, cut, enlarge, mark, adjust.

The verb finds the tool, the rest of the clause fills its parameters: what it is done to, colours,
factors, angles, sizes. Knows nothing of the wording of other goals.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from agent.planners.offline.parse import Target, starts_with_verb
from agent.planners.offline.scope import Scope
from agent.planners.offline.words import COLORS
from agent.planners.offline.work import Cannot, Fragment, Ref, listed, plural
from tools.catalog import ToolSpec
from tools.types import Boxes, Image, Placed

TAIL = (
    r"\s*(?:,? so (?:that )?.*| to (?:hide|protect|make|keep|show) .*| but .*| without .*| instead.*| in (?:the|this|my) "
    r"(?:picture|photo|image)s?| from (?:the|this|my) (?:picture|photo|image)| at the same size|,? same size.*|"
    r" (?:heavily|strongly|slightly|a bit|a little|completely|properly|out|away|off|in|up|down))$"
)
FACTOR = re.compile(
    r"(?:[x×]\s*(\d+(?:\.\d+)?))|(?:(\d+(?:\.\d+)?)\s*(?:[x×]|times|fold))|\b(?:by|factor(?: of)?)\s+(\d+(?:\.\d+)?)(?!\s*(?:%|per|deg|°|px|pix))"
)
PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*(?:%|per ?cent)")
ANGLE = re.compile(r"(-?\d+(?:\.\d+)?)\s*(?:°|deg)")


@dataclass(frozen=True)
class Order:
    """An edit as understood."""

    tool: str
    args: dict[str, Any]
    objects: tuple[Target, ...]
    """What it is done to; empty: the whole picture."""
    verb: str


def edit(scope: Scope) -> Fragment | None:
    """Any order that makes a new picture."""
    understood = _order(scope)
    if understood is None:
        return None
    if _just_done(scope, understood):
        return Fragment("")
    spec = scope.work.view.catalog.tool(understood.tool)
    needs = next((p for p in spec.params.values() if p.is_artefact and p.type is not Image), None)
    args: dict[str, Any] = {"image": scope.edited, **understood.args}
    if not understood.objects:
        if needs is not None and needs.required:
            if scope.given is None and scope.focus is None:
                raise Cannot(f"Tell me what to {understood.verb}, or draw a box around it")
            args[needs.name] = scope.given or scope.focus
        return _done(scope, spec, understood, scope.work.call(spec.name, **args), [])
    if needs is None:
        return _done(scope, spec, understood, scope.work.call(spec.name, **args), [])
    return _each(scope, spec, understood, args, needs.name)


def _just_done(scope: Scope, order: Order) -> bool:
    """Whether "cut it out" repeats what the clause before has done already."""
    again = scope.focus is not None and scope.focus.call_id.startswith(f"{order.tool}.")
    return again and any(t.pronoun and t.is_plain for t in order.objects)


def _each(
    scope: Scope, spec: ToolSpec, order: Order, args: dict[str, Any], slot: str
) -> Fragment | None:
    """Applies the tool for one object after another, each on the picture made before."""
    regions = [(t, scope.find(t)) for t in order.objects]
    found: list[tuple[Target, Ref]] = []
    absent: list[tuple[Target, Ref]] = []
    for wanted, ref in regions:
        (found if len(scope.work.see(ref, Placed)) else absent).append((wanted, ref))
    if not found:
        names = " or ".join(t.head or t.text for t, _ in absent)
        said = scope.absent(names, *(ref for _, ref in absent))
        return Fragment(f"{said}, so there is nothing to {order.verb}", "cannot")
    image = scope.edited
    for _, ref in found:
        image = scope.work.call(spec.name, **{**args, "image": image, slot: ref})
    done = _done(scope, spec, order, image, found)
    if absent:
        names = " or ".join(t.head or t.text for t, _ in absent)
        done = replace(done, text=f"{done.text} {scope.absent(names)}.".replace("..", "."))
    return done


def _done(
    scope: Scope, spec: ToolSpec, order: Order, made: Ref, found: list[tuple[Target, Ref]]
) -> Fragment:
    image = scope.work.image(made)
    said = []
    for wanted, ref in found:
        n = len(scope.work.see(ref, Placed))
        head = wanted.head or "region"
        said.append(f"{n} {plural(n, head)}{scope.work.cite(ref)}")
    how = str(order.args.get("operation", order.args.get("shape", order.verb))).replace("_", " ")
    what = f", {listed(said)}" if said else ""
    text = f"Done: {how}{what}. The new picture is {image.width}×{image.height} px{scope.work.cite(made)}"
    focus = Ref(made.name, made.call_id, made.name)
    return Fragment(text, images=(made.name,), focus=focus)


def _order(scope: Scope) -> Order | None:
    for reader in (_wanted_only, _annotation, _make, _named_operation, _by_verb):
        understood = reader(scope)
        if understood is not None:
            return understood
    return None


def _objects(phrase: str, scope: Scope) -> tuple[Target, ...]:
    phrase = re.sub(TAIL, "", phrase.strip(" ,."))
    phrase = re.sub(TAIL, "", phrase).strip()
    phrase = re.sub(
        r"^(?:in on|in to|into|on to|onto|in|on|at|out|to|of|around|over)\s+", "", phrase
    )
    if not phrase or re.fullmatch(
        r"(?:the |this |my |it|whole |entire |complete |everything|all|that)*(?:"
        + "|".join(scope.words.list("pictures"))
        + r")?",
        phrase,
    ):
        return ()
    if re.fullmatch(r"it|this|that|these|those|them", phrase) and not scope.has_focus:
        return ()
    found = []
    for wanted in scope.targets(phrase):
        if wanted.head and scope.words.is_picture(wanted.head) and wanted.is_plain:
            continue
        found.append(wanted)
    return tuple(found)


def _wanted_only(scope: Scope) -> Order | None:
    """Such as "I only want the left half" cuts it out."""
    match = re.match(
        r"^(?:(?:i )?(?:only|just) (?:want|need|keep)|keep only|keep just|i want only|only|just) (.+)$",
        scope.text,
    )
    if not match:
        return None
    phrase = re.split(r",\s*the one\b", match.group(1))[0]
    return _cut(scope, phrase, "cut out")


def _annotation(scope: Scope) -> Order | None:
    """Such as "draw a red circle around …", "put a frame on …", "mark the …", "underline …"."""
    if "annotate" not in scope.work.view.catalog.tools:
        return None
    shapes = scope.words.table("shapes")
    names = "|".join(sorted(shapes, key=len, reverse=True))
    match = re.match(
        rf"^(?:draw|put|place|add|make|paint|show|set)\b(?: me)? (?:an? |the |some )?(?P<adj>(?:\w+ )*?)(?P<shape>{names})(?:e?s)?(?: (?P<text>⟦\d+⟧))?\s+(?:around|round|on|over|at|to|pointing (?:at|to)|under|above|next to|onto|for|in|next to)\s+(?P<c>.+)$",
        scope.text,
    )
    if match:
        args = {"shape": shapes[match.group("shape")], **_color(match.group("adj"))}
        return Order("annotate", args, _objects(match.group("c"), scope), "mark")
    match = re.match(
        r"^(?P<v>mark|outline|circle|encircle|frame|box|underline|highlight|label|number|point (?:at|to|out)|annotate)\s+(?P<c>.+?)(?:\s+(?:in|with)(?: an?)? (?P<adj>(?:\w+ )*\w+))?$",
        scope.text,
    )
    if not match:
        return None
    verb = match.group("v").split()[0]
    shape = {"circle": "ellipse", "encircle": "ellipse", "point": "arrow"}.get(
        verb, shapes.get(verb, "box")
    )
    adjectives = match.group("adj") or ""
    shape = next((s for w, s in shapes.items() if re.search(rf"\b{w}e?s?\b", adjectives)), shape)
    return Order(
        "annotate",
        {"shape": shape, **_color(adjectives)},
        _objects(match.group("c"), scope),
        "mark",
    )


def _color(text: str) -> dict[str, str]:
    said = [w for w in re.findall(r"\w+", text) if w in COLORS]
    return {"color": said[0]} if said else {}


def _make(scope: Scope) -> Order | None:
    """Such as "make the sign brighter", "turn it into a sketch", "convert to grey"."""
    adjectives = scope.words.table("adjectives")
    names = "|".join(re.escape(a) for a in sorted(adjectives, key=len, reverse=True))
    match = re.match(
        rf"^(?:make|turn|convert|change|render|set|get|give)\b\s*(?P<c>.*?)\s*(?:\b(?:into|to|in|look like|look|as)\b\s*)?(?:an? |the )?(?:(?:much|a bit|a little|slightly|\d+(?:\.\d+)? ?(?:%|per ?cent|times)) )*(?P<adj>{names})\b(?P<rest>.*)$",
        scope.text,
    )
    if match:
        operation, amount = adjectives[match.group("adj")]
        amount = _amount(scope.text, operation, amount)
        return _adjust(scope, operation, amount, match.group("c"))
    match = re.match(
        rf"^(?:make|turn|change|colou?r|paint|recolou?r)\s+(?P<c>.+?)\s+(?:to |into |in )?(?P<adj>{'|'.join(COLORS)})(?: instead)?$",
        scope.text,
    )
    if match and _objects(match.group("c"), scope):
        return Order(
            "adjust",
            {"operation": "recolor", "color": match.group("adj")},
            _objects(match.group("c"), scope),
            "recolour",
        )
    match = re.match(
        r"^(?:make|turn)\s+(?P<c>.+?)\s+(?P<w>\d+)\s*(?:px|pixels?)(?: (?P<side>wide|high|tall))?",
        scope.text,
    )
    if match:
        side = "height" if match.group("side") in ("high", "tall") else "width"
        return Order("adjust", {"operation": "resize", side: int(match.group("w"))}, (), "resize")
    return None


def _adjust(scope: Scope, operation: str, amount: float, phrase: str) -> Order | None:
    if "adjust" not in scope.work.view.catalog.tools:
        return None
    spec = scope.work.view.catalog.tools["adjust"]
    if operation not in spec.params["operation"].choices:
        return None
    args: dict[str, Any] = {"operation": operation}
    if amount:
        args["amount"] = float(amount)
    phrase = re.sub(
        r"\b(?:a copy of|version of|colou?rs? of|brightness of|contrast of|saturation of)\b",
        "",
        phrase,
    )
    return Order("adjust", args, _objects(phrase, scope), operation.replace("_", " "))


def _amount(text: str, operation: str, default: float) -> float:
    percent, factor = PERCENT.search(text), FACTOR.search(text)
    if operation in ("brightness", "contrast", "saturation", "resize"):
        down = default < 1
        if percent:
            share = float(percent.group(1)) / 100
            if re.search(r"\bto \d", text):
                return share
            return max(0.01, 1 - share) if down else 1 + share
        if factor:
            value = float(next(g for g in factor.groups() if g))
            return 1 / value if down and value > 1 else value
        if re.search(r"\btwice|double", text):
            return 2.0
        if re.search(r"\bhalf|halve", text):
            return 0.5
    return default


def _named_operation(scope: Scope) -> Order | None:
    """An order that names an operation of ``adjust`` by itself: mirror, rotate, brighten …."""
    if "adjust" not in scope.work.view.catalog.tools:
        return None
    operations = scope.words.table("operations")
    for phrase in sorted(operations, key=len, reverse=True):
        words = phrase.split(" ")
        gap = r"\b(?:\s+[\w⟦⟧-]+){0,4}?\s+" if len(words) > 1 else r"\b"
        pattern = gap.join(re.escape(w) for w in words) + r"\b"
        match = re.match(pattern, scope.text)
        if match is None or (len(words) == 1 and _is_other_tool(scope, phrase)):
            continue
        operation, preset = operations[phrase]
        return _operate(scope, operation, float(preset), scope.text[match.end() :], match.group())
    return None


def _is_other_tool(scope: Scope, phrase: str) -> bool:
    tool = scope.words.verbs.get(phrase)
    return phrase in ("colour", "color", "paint", "scale", "turn") and not re.search(
        rf"\b({'|'.join(COLORS)})\b|\d", scope.text
    ) and tool != "adjust"  # fmt: skip


def _operate(scope: Scope, operation: str, preset: float, rest: str, said: str) -> Order | None:
    text = scope.text
    args: dict[str, Any] = {"operation": operation}
    if operation == "flip_horizontal" and re.search(r"vertical|upside|top to bottom", text):
        args["operation"] = "flip_vertical"
    elif operation == "rotate":
        args["amount"] = _degrees(text, preset)
    elif operation == "resize":
        args |= _size(text, preset)
    elif preset:
        args["amount"] = _amount(text, operation, preset)
    if operation in ("recolor", "tint"):
        args |= _color(text)
    rest = re.sub(
        r"\b(?:by|to|into|in|with|around)\b.*$|\b(?:left to right|right to left|top to bottom|horizontally|vertically|upside down|clockwise|anti-?clockwise|counter-?clockwise)\b|\d+.*$",
        "",
        rest,
    )
    if len(said.split()) > 1:
        inner = " ".join(w for w in said.split()[1:-1])
        rest = f"{inner} {rest}"
    objects = (
        _objects(rest.strip(), scope)
        if operation not in ("rotate", "flip_horizontal", "flip_vertical", "resize")
        else ()
    )
    if operation == "blur_background":
        keep = re.search(r"(?:except|but|keep|not|behind|of|around)\s+(?:for )?(.+)$", text)
        objects = (
            _objects(keep.group(1), scope) if keep else (Target("the face", "face", many=True),)
        )
    return Order("adjust", args, objects, said.split()[0])


def _degrees(text: str, preset: float) -> float:
    angle = ANGLE.search(text) or re.search(r"\bby (-?\d+(?:\.\d+)?)\b", text)
    degrees = float(angle.group(1)) if angle else preset
    if not degrees:
        degrees = 180.0 if re.search(r"upside|half a turn|around\b", text) else 90.0
    if (
        re.search(r"\b(?:anti-?\s?clockwise|counter-?\s?clockwise|to the left|left)\b", text)
        and degrees > 0
    ):
        degrees = -degrees
    return degrees


def _size(text: str, preset: float) -> dict[str, Any]:
    both = re.search(r"(\d+)\s*(?:px|pixels?)?\s*(?:[x×*]|by)\s*(\d+)", text)
    if both:
        return {"width": int(both.group(1)), "height": int(both.group(2))}
    sides = {}
    for side, words in (("width", "wide|width|across"), ("height", "high|tall|height")):
        match = re.search(
            rf"(\d+)\s*(?:px|pixels?)?\s*(?:{words})|(?:{words})\w* (?:of |to |= ?)?(\d+)", text
        )
        if match:
            sides[side] = int(next(g for g in match.groups() if g))
    if sides:
        return sides
    single = re.search(r"\bto (\d+)\s*(?:px|pixels?)", text)
    if single:
        return {"width": int(single.group(1))}
    return {"amount": _amount(text, "resize", preset or 0.5)}


def _by_verb(scope: Scope) -> Order | None:
    """Any other verb that a tool of effect ``edit`` declares."""
    text = re.sub(
        r"^(?:give|get|make|show|create|produce|save)(?: me)? an? (crop|zoom|close-?up|cut-?out|enlargement|blow-?up)\b(?: (?:of|on|in))?",
        r"\1",
        scope.text,
    )
    verb = starts_with_verb(text, scope.words)
    tool = scope.words.verbs.get(verb)
    spec = scope.work.view.catalog.tools.get(tool or "")
    if spec is None or spec.effect != "edit":
        return None
    rest = text[len(verb) :].strip()
    if tool == "crop":
        return _cut(scope, rest, verb)
    if tool == "zoom":
        return _zoom(scope, rest, verb)
    args = _literals(spec, text)
    if "color" in spec.params:
        colored = re.search(r"\b(?:with|in|using)(?: an?)?(?: solid)? (.+)$", rest)
        if colored and _color(colored.group(1)):
            args |= _color(colored.group(1))
    rest = re.sub(r"\b(?:with|using)\b.*$", "", rest)
    return Order(spec.name, args, _objects(rest, scope), verb)


def _literals(spec: ToolSpec, text: str) -> dict[str, Any]:
    """Values of ``Literal`` parameters whose words stand in the clause."""
    args = {}
    for param in spec.params.values():
        for choice in param.choices:
            stem = re.escape(choice.replace("_", " ")[:5])
            if choice and re.search(rf"\b{stem}", text):
                args[param.name] = choice
                break
    if (
        re.search(r"\b(black out|blacken|white out|cover|mask out|fill)\b", text)
        and "style" in spec.params
    ):
        args["style"] = "fill"
        if "white out" in text and "color" in spec.params:
            args["color"] = "white"
    return args


def _cut(scope: Scope, phrase: str, verb: str) -> Order | None:
    phrase = re.sub(r"^(?:out|to|away everything (?:but|except))\s+", "", phrase)
    phrase = re.sub(r"\b(?:out|off)$", "", phrase).strip()
    line = re.match(
        r"^(?:the )?(?:line|row|part|bit|area|region|section) (?:with|of|containing|that (?:has|shows|contains)) (.+)$",
        phrase,
    )
    wanted = scope.target(line.group(1) if line else phrase)
    if (
        wanted.head
        and not scope.words.is_picture(wanted.head)
        and wanted.head not in ("half", "third", "quarter", "part", "side", "corner", "area")
    ):
        return Order("crop", {}, (wanted,), verb)
    if wanted.pronoun and wanted.is_plain:
        return (
            Order("crop", {}, (wanted,), verb)
            if scope.given or scope.mentioned or scope.focus
            else None
        )
    panel = _panel(scope, wanted)
    if panel is not None:
        return Order("crop", {"region": panel}, (), verb)
    part = _part(phrase, wanted, scope)
    return Order("crop", {"part": part}, (), verb) if part else None


def _part(phrase: str, wanted: Target, scope: Scope) -> str:
    choices = scope.work.view.catalog.tools["crop"].params["part"].choices
    said = re.sub(r"\b(?:upper|topmost)\b", "top", re.sub(r"\blower\b", "bottom", phrase))
    said = re.sub(r"\b(?:center|middle|central)\b", "centre", re.sub(r"-hand\b", "", said))
    for choice in sorted((c for c in choices if c), key=len, reverse=True):
        if all(re.search(rf"\b{w}\b", said) for w in choice.split()):
            return choice
    return wanted.part if wanted.part in choices else ""


def _panel(scope: Scope, wanted: Target) -> Ref | None:
    """One of the pictures of a collage: "the upper picture", "the second photo"."""
    if (
        not (wanted.head and scope.words.is_picture(wanted.head))
        or "find_panels" not in scope.work.view.catalog.tools
    ):
        return None
    panels = scope.work.call("find_panels", image=scope.image)
    if len(scope.work.see(panels, Boxes)) < 2:
        return None
    if wanted.index:
        return scope.work.call(
            "pick",
            things=panels,
            image=scope.image,
            index=wanted.index,
            order=wanted.order or "reading",
        )
    side = wanted.position or wanted.part.removesuffix(" half")
    if side in ("left", "right", "top", "bottom"):
        return scope.work.call("pick", things=panels, image=scope.image, position=side)
    return None


def _zoom(scope: Scope, rest: str, verb: str) -> Order | None:
    match = FACTOR.search(rest)
    args: dict[str, Any] = {}
    if match:
        args["factor"] = float(next(g for g in match.groups() if g))
        rest = rest.replace(match.group(), "")
    elif re.search(r"\b(?:twice|double)\b", rest):
        args["factor"] = 2.0
    elif PERCENT.search(rest):
        args["factor"] = float(PERCENT.search(rest).group(1)) / 100  # type: ignore[union-attr]
    rest = re.sub(r"\b(?:by|a factor of|twice|double|\d+(?:\.\d+)? ?%)\b.*$", "", rest)
    return Order("zoom", args, _objects(rest, scope), verb)


def remark(scope: Scope) -> Fragment | None:
    """Clauses that ask for nothing more: a statement; "save it"; "leave the rest alone"."""
    if (
        re.match(
            r"^(?:there (?:is|are)|this is|these are|here (?:is|are)|i (?:am|took|found|see|think)\b)",
            scope.text,
        )
        and "?" not in scope.text
    ):
        return Fragment("")
    if re.match(
        r"^(?:save|store|keep|export|download|leave|return|send|output|give)\b(?:\s+(?:it|that|this|them|the (?:result|rest|others?|new|edited|cropped|remaining|file|output|crop)))",
        scope.text,
    ) or re.match(r"^(?:same size|nothing else|do not|don't|not)\b", scope.text):
        return Fragment("")
    return None
