"""Goals about what is there: how many, where, which colour, how large, how related, how good.

Knows nothing of the wording of other goals.
"""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from agent.planners.offline.parse import Target, unquote
from agent.planners.offline.reading import carrier_text
from agent.planners.offline.scope import Scope
from agent.planners.offline.work import Cannot, Fragment, Ref, listed, plural, quoted
from tools.geometry import centres
from tools.types import Labels, Placed, Table, TextSpans

AUX = r"(?:is|are|was|were|do|does|did|can|could|has|have)"
TAKEN = r"\b(taken|shot|photographed|captured|recorded|made|created)\b"


# -- counting and finding -------------------------------------------------------------------------


def count(scope: Scope) -> Fragment | None:
    """How many things of a kind there are."""
    match = re.match(
        r"^(?:how many|count(?: up)?|(?:give |tell |find )?(?:me )?(?:the )?number of|what is the number of)\b\s*(.+)$",
        scope.text,
    )
    if not match:
        return None
    phrase = re.split(
        rf"\b(?:{AUX}|there|you|appear|appears|visible|shown|pictured|standing|sitting|walking|riding|lying)\b",
        match.group(1),
    )[0].strip() or match.group(1)
    rest = match.group(1)[len(phrase) :]
    place = re.search(
        r"\b(?:on|in|at|to) the (?:left|right|top|bottom|upper|lower).*$|\b(?:above|below|left of|right of|inside|between) .+$",
        rest,
    )
    phrase = re.sub(r"^(?:of )?(?:different |distinct |separate |of the )?", "", phrase)
    wanted = scope.target(f"{phrase} {place.group() if place else ''}".strip())
    if wanted.head and scope.words.is_picture(wanted.head) and len(scope.images) == 1:
        return _panels(scope)
    ref = scope.find(replace(wanted, many=True, quantity=0))
    found = scope.work.see(ref, Placed)
    counted = scope.work.call("count", things=ref, of=wanted.head)
    scope.work.result(counted)
    n = len(found)
    if not n:
        return Fragment(f"{scope.absent(plural(2, wanted.head), ref)}: 0", focus=ref)
    verb = "is" if n == 1 else "are"
    return Fragment(
        f"There {verb} {n} {plural(n, wanted.head)}{scope.where()}{scope.work.cite(ref)}", focus=ref
    )


def _panels(scope: Scope) -> Fragment | None:
    if "find_panels" not in scope.work.view.catalog.tools:
        return None
    ref = scope.work.call("find_panels", image=scope.image)
    n = max(1, len(scope.work.see(ref, Placed)))
    return Fragment(
        f"The picture is made of {n} {plural(n, 'picture')}{scope.work.cite(ref)}", focus=ref
    )


def exists(scope: Scope) -> Fragment | None:
    """Whether there is such a thing."""
    match = re.match(
        rf"^(?:{AUX}|any) (?:there|(?:you|i|we) see|you (?:find|spot|detect)|(?:it|this|that|they|picture|(?:the|this|that|any|some|either|one|a)(?: of the)? [\w ]+?) (?:have|has|contain|contains|show|shows|include|includes|say|says|mention|mentions|read|reads))\s+(?:any|a|an|some|the)?\s*(.+)$",
        scope.text,
    ) or re.match(r"^(?:any) (.+?)(?: here| there| in (?:it|this))?$", scope.text)
    if not match:
        return None
    wanted = scope.target(match.group(1))
    if re.search(r"\b(?:say|says|mention|mentions|read|reads)\b", scope.text):
        wanted = Target(
            match.group(1),
            "text",
            contains=unquote(wanted.contains or match.group(1), scope.clause.quotes),
        )
    ref = scope.find(replace(wanted, many=True))
    n = len(scope.work.see(ref, Placed))
    name = quoted([wanted.contains]) if wanted.contains else wanted.head
    if n:
        return Fragment(
            f"Yes, I find {n} {plural(n, name) if not wanted.contains else name}{scope.where()}{scope.work.cite(ref)}",
            focus=ref,
        )
    return Fragment(f"No: {scope.absent(name, ref)}")


def locate(scope: Scope) -> Fragment | None:
    """Where something is, as boxes."""
    match = re.match(
        r"^(?:where (?:is|are)|locate|find|detect|point (?:to|out|at)|spot|show(?: me)? where|(?:give|tell|return|get|show)(?: me)? the (?:bounding )?(?:box|boxes|coordinates|position|location)(?: coordinates)? (?:of|for|around)|what (?:is|are) the (?:bounding )?(?:box|boxes|coordinates|position|location) (?:of|for)|box(?:es)? of)\s+(.+)$",
        scope.text,
    )
    if not match:
        return _its_box(scope)
    phrase = re.sub(
        r"\s*(?:,|\band\b|\bis\b|\bare\b)?\s*(?:give|tell|return|show)?\s*(?:me )?(?:its|the|their) (?:bounding )?(?:box|boxes|coordinates|position|location)\b.*$| as x.*$| located$",
        "",
        match.group(1),
    )
    if re.search(TAKEN, scope.text):
        return None
    found: list[tuple[Target, Ref]] = [(t, scope.find(t)) for t in scope.targets(phrase)]
    return _boxes_said(scope, found)


def _its_box(scope: Scope) -> Fragment | None:
    if (
        not re.search(
            r"\b(?:its|their|the) (?:bounding )?(?:box|boxes|coordinates)\b|\bx1\b", scope.text
        )
        or scope.focus is None
    ):
        return None
    named = scope.mentioned or Target("it", "thing")
    return _boxes_said(scope, [(named, scope.focus)])


def _boxes_said(scope: Scope, found: list[tuple[Target, Ref]]) -> Fragment:
    said, focus = [], None
    for wanted, ref in found:
        placed = scope.work.see(ref, Placed)
        if not len(placed):
            said.append(scope.absent(wanted.head or wanted.text, ref))
            continue
        focus = ref
        boxes = [", ".join(str(round(float(v))) for v in box) for box in placed.xyxy[:10]]
        if len(found) == 1 and len(boxes) == 1:
            return Fragment(
                f"{boxes[0]} is the box of the {wanted.head}{scope.work.cite(ref)}", focus=ref
            )
        for row, box in enumerate(boxes):
            said.append(f"{wanted.head}: {box}{scope.work.cite(ref, [row])}")
    return Fragment("; ".join(said), focus=focus)


# -- relations ---------------------------------------------------------------------------------------


def related(scope: Scope) -> Fragment | None:
    """Such as "Is the A left of the B?", "Is A above or below B?"."""
    match = re.match(
        r"^(?:is|are) (?P<a>.+?) (?P<r>(?:to the |on the )?(?:left|right)(?: or (?:to the |on the )?(?:left|right))?|above|below|over|under|above or below|below or above|over or under|inside|outside|in|next to|near)(?: of)? (?P<b>(?:the|a|an|my|his|her|its|this|that)\b.+|⟦\d+⟧.*)$",
        scope.text,
    )
    if not match:
        return None
    pair = [scope.target(match.group(g)) for g in "ab"]
    if scope.words.is_picture(pair[1].head):
        return None
    refs = [scope.find(t) for t in pair]
    placed = [scope.work.see(r, Placed) for r in refs]
    for t, p, ref in zip(pair, placed, refs, strict=True):
        if not len(p):
            return Fragment(scope.absent(t.head, ref))
    relations = scope.work.call("relate", things=refs[0], to=refs[1])
    scope.work.result(relations)
    dx, dy = centres(placed[0].xyxy[:1])[0] - centres(placed[1].xyxy[:1])[0]
    side = "left of" if dx < 0 else "right of"
    height = "above" if dy < 0 else "below"
    cites = scope.work.cite(refs[0], [0]) + scope.work.cite(refs[1], [0])
    return Fragment(_verdict(match.group("r"), pair, side, height, placed) + cites)


def _verdict(said: str, pair: list[Target], side: str, height: str, placed: list[Placed]) -> str:
    a, b = (t.head or t.text for t in pair)
    if " or " in said:
        return f"The {a} is {side if 'left' in said else height} the {b}"
    if said in ("inside", "in", "outside"):
        x, y = centres(placed[0].xyxy[:1])[0]
        x1, y1, x2, y2 = placed[1].xyxy[0]
        inside = bool(x1 <= x <= x2 and y1 <= y <= y2)
        return f"{'Yes' if inside != (said == 'outside') else 'No'}, the {a} is {'inside' if inside else 'outside'} the {b}"
    true = side if re.search("left|right", said) else height
    word = {"over": "above", "under": "below"}.get(said, said)
    agrees = true.split()[0] in word
    return f"{'Yes' if agrees else 'No'}, the {a} is {true} the {b}"


def larger(scope: Scope) -> Fragment | None:
    """Such as "Is the left face bigger than the right one?"."""
    match = re.match(
        r"^(?:is|are) (?P<a>.+?) (?P<r>bigger|larger|smaller|wider|narrower|taller|higher|shorter|longer) than (?P<b>.+)$",
        scope.text,
    )
    if not match:
        return None
    pair = scope.targets(f"{match.group('a')} and {match.group('b')}")
    if len(pair) != 2 or scope.words.is_picture(pair[0].head):
        return None
    pair[1] = replace(pair[1], head=pair[1].head or pair[0].head, pronoun=False)
    refs = [scope.find(t) for t in pair]
    placed = [scope.work.see(r, Placed) for r in refs]
    for t, p, ref in zip(pair, placed, refs, strict=True):
        if not len(p):
            return Fragment(scope.absent(t.head, ref))
    word = match.group("r")
    what = {
        "wider": "width",
        "narrower": "width",
        "longer": "width",
        "taller": "height",
        "higher": "height",
        "shorter": "height",
    }.get(word, "area")
    made = [scope.work.call("measure", image=scope.image, what=what, first=r) for r in refs]
    sizes = [float(scope.work.see(m, Table).rows[0][1]) for m in made]
    more = sizes[0] > sizes[1]
    yes = more != (word in ("smaller", "narrower", "shorter"))
    names = [t.text for t in pair]
    cites = scope.work.cite(refs[0], [0]) + scope.work.cite(refs[1], [0])
    return Fragment(
        f"{'Yes' if yes else 'No'}: {what} of {names[0]} {sizes[0]:g}, of {names[1]} {sizes[1]:g}{cites}"
    )


def direction(scope: Scope) -> Fragment | None:
    """Which way an arrow points, nearest to what is in focus."""
    if not re.search(
        r"\b(which|what) (?:way|direction)\b|\bin which direction\b|\bdirection do\b|\barrows? (?:point|pointing|show)",
        scope.text,
    ):
        return None
    if any(
        "arrow" in m.labels and not m.missing() for m in scope.work.view.catalog.models.values()
    ):
        ref = scope.find(Target("arrow", "arrow", many=True))
        arrows = scope.work.see(ref, Placed)
        if len(arrows):
            row = _nearest_row(scope, arrows)
            way = arrows.labels[row].replace("arrow", "").strip()
            return Fragment(
                f"The arrow{' nearest to it' if len(arrows) > 1 else ''} points {way}{scope.work.cite(ref, [row])}",
                focus=ref,
            )
    if scope.focus is None:
        return None
    placed = scope.work.see(scope.focus, Placed)
    if not len(placed):
        return None
    side = "left" if centres(placed.xyxy[:1])[0][0] < placed.frame.width / 2 else "right"
    return Fragment(
        f"I find no arrow; it stands on the {side} side of the picture{scope.work.cite(scope.focus, [0])}"
    )


def _nearest_row(scope: Scope, things: Placed) -> int:
    if scope.focus is None or not issubclass(
        scope.work.view.kinds.get(scope.focus.name, Placed), Placed
    ):
        return 0
    focus = scope.work.see(scope.focus, Placed)
    if not len(focus):
        return 0
    away = np.linalg.norm(centres(things.xyxy) - centres(focus.xyxy[:1]), axis=1)
    return int(np.argmin(away))


def nth(scope: Scope) -> Fragment | None:
    """Such as "Counting from the left, which face is the largest?"."""
    match = re.match(
        r"^counting from the (left|right|top|bottom),?\s+which (?P<a>\w+) is (?P<b>.+)$", scope.text
    )
    if not match:
        return None
    everything = scope.find(scope.target(match.group("a") + "s"))
    chosen = scope.find(
        scope.target(f"{match.group('b')} {match.group('a')}".replace(" one ", " "))
    )
    all_of, one = scope.work.see(everything, Placed), scope.work.see(chosen, Placed)
    if not len(one):
        return Fragment(scope.absent(f"such {match.group('a')}"))
    axis = 0 if match.group(1) in ("left", "right") else 1
    mine, others = centres(one.xyxy[:1])[0][axis], centres(all_of.xyxy)[:, axis]
    backwards = match.group(1) in ("right", "bottom")
    place = 1 + int(((others > mine + 1) if backwards else (others < mine - 1)).sum())
    return Fragment(
        f"It is number {place} counted from the {match.group(1)}{scope.work.cite(chosen, [0])}",
        focus=chosen,
    )


# -- measures ------------------------------------------------------------------------------------------


def picture_size(scope: Scope) -> Fragment | None:
    """How wide, how high, which size the picture has."""
    pictures = "|".join(scope.words.list("pictures"))
    about = rf"(?:(?:this|the|that|my) (?:{pictures})|it|this)"
    asks = re.match(
        rf"^(?:how (?:wide|high|tall|big|large|long)(?:,? and (?:how )?(?:wide|high|tall))? (?:is|are) {about}s?\b"
        rf"|(?:what|which)(?: is| are)? (?:the )?(?:\w+ )?(?:size|dimensions?|resolution|width|height|aspect ratio|format)(?: and (?:the )?\w+)?(?: in pixels)?(?: (?:of|does|is|has) {about}.*)?$"
        rf"|(?:the )?(?:size|dimensions?|resolution|width|height|aspect ratio)(?: and \w+)?(?: (?:of|in) .*)?$|how many (?:mega)?pixels\b)",
        scope.text,
    )
    if not asks or (
        scope.focus is not None
        and re.search(r"\b(it|its)\b", scope.text)
        and _placed(scope, scope.focus)
    ):
        return None
    if re.search(r"\bfile\b", scope.text):
        return None
    image = scope.work.image(scope.image)
    what = "aspect" if "aspect" in scope.text else "size"
    ref = scope.work.call("measure", image=scope.image, what=what)
    table = scope.work.see(ref, Table)
    if what == "aspect":
        return Fragment(
            f"{'; '.join(' '.join(r).strip() for r in table.rows)}{scope.work.cite(ref)}"
        )
    if "pixels" in scope.text and "how many" in scope.text:
        return Fragment(
            f"{image.width} × {image.height} = {image.width * image.height} pixels{scope.work.cite(ref)}"
        )
    return Fragment(
        f"The picture is {image.width} pixels wide and {image.height} pixels high{scope.where()}{scope.work.cite(ref)}"
    )


def _placed(scope: Scope, ref: Ref) -> bool:
    return issubclass(scope.work.view.kinds.get(ref.name, Labels), Placed)


def measured(scope: Scope) -> Fragment | None:
    """Distances, gaps, angles, sizes, shares and overlaps of things."""
    text = scope.text
    unit, text = _unit(scope, text)
    match = re.match(
        r"^how far (?:apart )?(?:is|are) (.+?)(?: apart)?(?: from (?:each other|one another))?$|^(?:what is |measure |give me |tell me )?the (?:distance|gap|space) (?:between|of|from) (.+)$",
        text,
    )
    if match:
        return _between(
            scope,
            next(g for g in match.groups() if g),
            "gap" if re.search(r"\bgap\b", text) else "distance",
            unit,
        )
    match = re.match(
        r"^(?:how (?P<h>wide|high|tall|big|large|long)|what is the (?P<w>width|height|size|area)(?: in pixels)?)(?: (?:is|are|of))+ (?P<c>.+)$",
        text,
    )
    if match:
        said = match.group("h") or match.group("w")
        what = {
            "wide": "width",
            "width": "width",
            "high": "height",
            "tall": "height",
            "height": "height",
            "long": "width",
            "area": "area",
        }.get(said, "size")
        return _one(scope, match.group("c"), what, unit)
    match = re.search(
        r"\b(?:what|which|how much)\b.*?\b(?:share|percentage|percent|fraction|part|proportion|much)\b (?:of (?:the|this) \w+ )?(?:is |does |do |are )?(?:covered by |taken up by |filled by )?(.+?)(?: cover| take up| fill| occupy)?(?: of (?:the|this) \w+)?$",
        text,
    )
    if match and re.search(r"\b(cover|covered|take|taken|fill|filled|occupy)\b", text):
        return _one(
            scope,
            re.sub(r"\b(covers?|takes? up|fills?|occup(?:y|ies))\b.*$", "", match.group(1)),
            "area",
            unit,
        )
    match = re.search(
        r"\b(?:how (?:steep|tilted|slanted|crooked)|at what angle|angle|tilt)\b(?: (?:is|are|of|between|does))* (.+)$",
        text,
    )
    if match:
        return (
            _between(scope, match.group(1), "angle", unit)
            if " and " in match.group(1)
            else _one(scope, match.group(1), "angle", unit)
        )
    match = re.search(r"\b(?:do|does|how much) (.+?) overlap", text)
    return _between(scope, match.group(1), "overlap", unit) if match else None


def _unit(scope: Scope, text: str) -> tuple[Ref | None, str]:
    match = re.search(
        r",?\s*(?:in|as|measured in|counted in) (\w+(?: \w+)?)[- ](?:widths?|sizes?|lengths?)$",
        text,
    )
    if not match:
        return None, text
    return scope.find(scope.target(match.group(1))), text[: match.start()]


def _between(scope: Scope, phrase: str, what: str, unit: Ref | None) -> Fragment:
    named = scope.targets(re.sub(r"\s+(?:from|to)\s+(?:the )?", " and ", phrase))
    refs = [scope.find(replace(t, many=t.many or len(named) == 1)) for t in named[:2]]
    for t, ref in zip(named, refs, strict=False):
        n = len(scope.work.see(ref, Placed))
        if not n or (len(refs) == 1 and n < 2):
            return Fragment(
                f"{scope.absent(plural(2, t.head), ref) if not n else f'I find only one {t.head}{scope.work.cite(ref)}'}, so there is no {what} to measure"
            )
    ref = scope.work.call(
        "measure",
        image=scope.image,
        what=what,
        first=refs[0],
        second=refs[1] if len(refs) > 1 else None,
        unit=unit,
    )
    return _rows_said(scope, ref, refs)


def _one(scope: Scope, phrase: str, what: str, unit: Ref | None) -> Fragment | None:
    wanted = scope.target(phrase)
    if wanted.head and scope.words.is_picture(wanted.head):
        return None
    ref = scope.find(wanted)
    if not len(scope.work.see(ref, Placed)):
        return Fragment(scope.absent(wanted.head, ref))
    made = scope.work.call("measure", image=scope.image, what=what, first=ref, unit=unit)
    return _rows_said(scope, made, [ref])


def _rows_said(scope: Scope, ref: Ref, about: list[Ref]) -> Fragment:
    rows = scope.work.see(ref, Table).rows[:6]
    said = "; ".join(f"{what}: {value} {unit}".strip() for what, value, unit in rows)
    return Fragment(
        f"{said[0].upper()}{said[1:]}{''.join(scope.work.cite(r) for r in about)}{scope.work.cite(ref)}",
        focus=about[0],
    )


# -- colours, quality, file ------------------------------------------------------------------------------


def color(scope: Scope) -> Fragment | None:
    """Which colour something has."""
    if not re.search(r"\bcolou?rs?\b", scope.text) or re.match(
        r"^(?:make|turn|change|paint|colou?r)\b", scope.text
    ):
        return None
    match = (
        re.match(
            r"^(?:what|which) (?:\w+ )?colou?rs? (?:is|are|does|do|has|have|was|were) (.+?)(?: have| has| painted| in)?$",
            scope.text,
        )
        or re.search(r"\bcolou?rs? (?:of|in|on|does|do) (.+?)(?: have| has)?$", scope.text)
        or re.match(r"^what are (?:the )?(?:main |dominant |most common )?colou?rs?()$", scope.text)
        or re.match(
            r"^(?:name|list|give|tell|show|find)?\s*(?:me )?(?:the )?(?:main|dominant) colou?rs?()",
            scope.text,
        )
    )
    if not match:
        return None
    phrase = re.sub(
        r"^(?:the )?(?:main |dominant |most common )?colou?rs? (?:of|in) ",
        "",
        match.group(1) or "it",
    )
    wanted = scope.target(phrase)
    ink = re.search(
        r"\b(letters?|lettering|text|writing|words?|font|ink|print|digits?|numbers?)\b", phrase
    )
    if (
        (wanted.head and scope.words.is_picture(wanted.head))
        or (
            wanted.pronoun
            and scope.given is None
            and scope.points is None
            and not (scope.focus and _placed(scope, scope.focus))
        )
        or re.search(r"\b(background|most common|dominant|main|overall)\b", phrase)
    ):
        ref = scope.work.call("colors", image=scope.image)
        return Fragment(
            f"The main colours{scope.where()} are {_shares(scope, ref, 4)}{scope.work.cite(ref)}"
        )
    region = carrier_text(scope, wanted.of or wanted) if ink else scope.find(wanted)
    placed = scope.work.see(region, Placed)
    if not len(placed):
        return Fragment(scope.absent(wanted.head, region))
    ref = scope.work.call("colors", image=scope.image, region=region)
    labels = scope.work.see(ref, Labels)
    if not labels.texts:
        return Fragment(f"I cannot name a colour of the {wanted.head}", "cannot")
    row = 1 if ink and isinstance(placed, TextSpans) and len(labels.texts) > 1 else 0
    rest = (
        ""
        if isinstance(placed, TextSpans) or len(labels.texts) < 2 or labels.scores[0] > 0.7
        else f", then {labels.texts[1]}"
    )
    return Fragment(
        f"The {wanted.head or 'region'} is {labels.texts[row]}{rest}{scope.work.cite(region)}{scope.work.cite(ref)}",
        focus=region,
    )


def _shares(scope: Scope, ref: Ref, limit: int) -> str:
    labels = scope.work.see(ref, Labels)
    pairs = list(zip(labels.texts, labels.scores, strict=True))[:limit]
    return listed([f"{name} ({share:.0%})" for name, share in pairs])


def quality(scope: Scope) -> Fragment | None:
    """How sharp, bright, noisy, oriented the picture is."""
    properties = scope.words.table("qualities")
    pictures = "|".join(scope.words.list("pictures"))
    if re.search(r"\bquality\b", scope.text):
        return _quality_said(scope, "")
    subject = rf"(?:(?:this|the|that|my) (?:{pictures})|it|this|that)"
    match = re.match(
        rf"^(?:is|are|was|how|does|what is the)\b.*?\b({'|'.join(re.escape(p) for p in sorted(properties, key=len, reverse=True))})\b",
        scope.text,
    )
    if not match or not re.search(rf"\b{subject}\b", scope.text):
        return None
    return _quality_said(scope, match.group(1))


def _quality_said(scope: Scope, asked: str) -> Fragment:
    ref = scope.work.call("quality", image=scope.image)
    table = scope.work.see(ref, Table)
    wanted = str(scope.words.table("qualities").get(asked, ""))
    rows = [r for r in table if r["verdict"] and wanted in ("", r["property"])]
    said = (
        "; ".join(f"{r['property']}: {r['verdict'] or r['value']}" for r in rows)
        or "nothing is known about that"
    )
    yes = ""
    if asked and rows and re.match(r"^(?:is|are|was)\b", scope.text):
        yes = (
            "Yes, "
            if _agrees(asked, " ".join(f"{r['verdict']} {r['value']}" for r in rows).lower())
            else "No, "
        )
    return Fragment(f"{yes}{said}{scope.where()}{scope.work.cite(ref)}")


def _agrees(asked: str, verdict: str) -> bool:
    families = (
        ("blurry", "blurred", "out of focus", "blur", "soft", "unsharp"),
        ("sharp", "in focus", "crisp"),
        ("overexposed", "over-exposed", "too bright"),
        ("underexposed", "under-exposed", "too dark"),
        ("dark", "underexposed", "dim", "too dark"),
        ("bright", "light", "overexposed", "too bright"),
        ("noisy", "grainy"),
        ("landscape",),
        ("portrait",),
        ("black and white", "black-and-white", "greyscale", "grayscale", "monochrome", "grey", "gray"),
        ("in colour", "in color", "colour", "color"),
    )  # fmt: skip
    family = next((f for f in families if asked in f), (asked,))
    return any(re.search(rf"(?<!not )\b{re.escape(word)}", verdict) for word in family)


def metadata(scope: Scope) -> Fragment | None:
    """When, where and with what the picture was taken; what the file says of itself."""
    keys = _keys_asked(scope.text)
    if keys is None:
        return None
    ref = scope.work.call("metadata", image=scope.image)
    rows = list(scope.work.see(ref, Table))
    chosen = [r for r in rows if not keys or any(re.search(k, r["key"].lower()) for k in keys)]
    if not chosen:
        return Fragment(
            f"The file does not say: it carries no such metadata{scope.where()}{scope.work.cite(ref)}"
        )
    said = "; ".join(f"{r['key']}: {r['value']}" for r in chosen[:12])
    return Fragment(f"{said}{scope.where()}{scope.work.cite(ref)}")


def _keys_asked(text: str) -> tuple[str, ...] | None:
    if re.search(r"\b(metadata|exif|meta data)\b", text):
        return ()
    if (
        re.search(r"\bwhen\b", text)
        and re.search(TAKEN, text)
        or re.search(
            r"\b(date|day|year|time) (?:\w+ )*(?:was |is )?(?:this|the|it)?.*" + TAKEN, text
        )
    ):
        return ("date", "time", "taken")
    if (
        re.search(r"\bwhere\b", text)
        and re.search(TAKEN, text)
        or re.search(r"\bgps\b|\bcoordinates (?:was|were)\b|\blatitude|longitude", text)
    ):
        return ("gps", "latitude", "longitude")
    if re.search(
        r"\b(?:which|what) (?:camera|phone|device|lens)\b|\bcamera (?:model|make)\b", text
    ) and (re.search(TAKEN, text) or "camera" in text):
        return ("camera", "make", "model", "lens")
    table = {
        r"\bfile (?:size|type|format)|size of (?:the|this) file|how (?:big|large) is (?:the|this) file|\bfile\b.*\b(?:big|large|heavy)\b": ("file", "format", "bytes"),
        r"\bwhat (?:image |file |picture )?format\b|\bis (?:it|this) a (?:jpe?g|png)": ("format",),
        r"\biso\b": ("iso", "sensitivity"),
        r"\b(?:exposure|shutter)\b(?! problem)": ("exposure", "shutter"),
        r"\baperture|f-?number|f-?stop": ("aperture", "fnumber", "f-number"),
        r"\bfocal\b": ("focal",),
    }  # fmt: skip
    for pattern, keys in table.items():
        if re.search(pattern, text):
            return keys
    return None


def chosen_thing(scope: Scope) -> Fragment | None:
    """Such as "Which face is the largest?", "which sign is on the left?"."""
    match = re.match(
        r"^(?:which|what) (?P<a>.+?) (?:is|are) (?:the )?(?P<b>(?:larger|bigger|smaller|wider|taller|largest|biggest|smallest|leftmost|rightmost|topmost|highest|lowest|on the (?:left|right|top|bottom)|at the (?:left|right|top|bottom)|in the (?:middle|cent(?:er|re))).*)$",
        scope.text,
    )
    if not match:
        return None
    head, condition = match.group("a"), match.group("b")
    phrase = (
        f"the {head} {condition}"
        if condition.startswith(("on", "at", "in"))
        else f"the {condition} {head}"
    )
    wanted = scope.target(re.sub(r"\bof the \w+ faces\b", "", phrase))
    ref = scope.find(wanted)
    placed = scope.work.see(ref, Placed)
    if not len(placed):
        return Fragment(scope.absent(wanted.head, ref))
    if isinstance(placed, TextSpans):
        return Fragment(f"It reads {scope.say_text(ref)}", focus=ref)
    return _boxes_said(scope, [(wanted, ref)])


def unknown(scope: Scope) -> Cannot:
    """The honest end: which ability the clause would need."""
    text = scope.text
    families = (
        (r"\b(describe|caption|what is happening|what happens|what is going on|summari[sz]e|what do you see|what is (?:this|that|in)|odd|strange|funny|unusual|mood)\b", "caption", "a captioner or a multimodal model"),
        (r"\b(watercolou?r|oil painting|cartoon|anime|style|van gogh|comic|generate|imagine|add an?|replace|swap|put an?)\b", "edit_by_instruction", "a diffusion model"),
        (r"\b(how (?:near|far|deep)|depth|closer to the camera|in front)\b", "depth", "a depth model"),
        (r"\b(pose|posture|arms?|legs?|hands?)\b", "pose", "a pose model"),
        (r"\b(who|whose|old|age|happy|sad|smiling|wearing|doing|holding|carrying)\b", "vqa", "a multimodal model"),
    )  # fmt: skip
    ability, who = next(
        ((a, w) for pattern, a, w in families if re.search(pattern, text)),
        ("vqa", "a multimodal model"),
    )
    return Cannot(
        f"I cannot answer that: it needs the ability `{ability}` ({who}), and no ready model has it. "
        "`ocelli doctor` shows what is missing and how to add it"
    )
