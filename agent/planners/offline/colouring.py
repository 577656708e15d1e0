"""Goals about colour: which one something has, whether it has one, how much of it there is.

Knows nothing of the wording of other goals.
"""

from __future__ import annotations

import re
from collections import Counter

from agent.planners.offline import patterns
from agent.planners.offline.carriers import carrier_text
from agent.planners.offline.phrases import Target
from agent.planners.offline.placing import is_placed
from agent.planners.offline.scope import Scope
from agent.planners.offline.words import COLORS, singular
from agent.planners.offline.work import Cannot, Fragment, Ref, listed, plural
from tools.colorwords import matches
from tools.types import Labels, Placed, TextSpans

INK = r"\b(letters?|lettering|text|writing|words?|font|ink|print|digits?|numbers?|characters?|inscription)\b"
NAMED = "|".join(sorted(COLORS, key=len, reverse=True))
PLAINLY = {
    "maroon": "dark red", "navy": "dark blue", "teal": "blue-green", "turquoise": "blue-green",
    "cyan": "light blue", "beige": "light brown", "cream": "yellowish white", "olive": "dark green",
    "lilac": "light purple", "magenta": "purplish pink", "gold": "dark yellow",
}  # fmt: skip
"""The finer colour names in basic words, which people expect to hear."""
ENOUGH = 0.25
"""Share of a thing from which one of its colours is "its" colour."""
MOST_OF_IT = 0.5
"""Share of a picture from which its first colour is that of the background."""


def color(scope: Scope) -> Fragment | None:
    """Which colour something has, whether it is of a colour, how much of a colour there is."""
    for goal in (_of_picture, _amount, _any_of, _is_it, _which):
        found = goal(scope)
        if found is not None:
            return found
    return None


def _pictures(scope: Scope) -> str:
    return "|".join(f"{re.escape(p)}s?" for p in scope.words.list("pictures"))


def _of_picture(scope: Scope) -> Fragment | None:
    """The main colours of the whole picture."""
    whole = rf"(?:(?:in|of|on) )?(?:(?:the|this|that|my|these|those|each) )?(?:whole |entire )?(?:{_pictures(scope)})"
    main = r"(?:main |dominant |most common |predominant |prevailing |overall |principal |most frequent )"
    asks = patterns.match(
        rf"^(?:(?:what|which) (?:is |are )?|name |list |find )?(?:the |its )?{main}?colou?rs?(?: palette)?(?: (?:can|do|does|are|is|has|have) (?:you |i |there |we )?(?:see|find|{whole}|it|this|there|here|used|present|most common|dominant)(?: have| has| contain| in it| here)?| {whole})?$"
        rf"|^(?:what|which) (?:{main})?colou?rs? (?:is|are|dominates?|prevails?) (?:{whole}|the most common|most common|dominant|most frequent)$"
        rf"|^(?:the |what is the |what are the )?{main}colou?rs?\b.*$|^what is the palette.*$",
        scope.text,
    )
    if not asks or (patterns.search(r"\b(?:it|its)\b", scope.text) and _thing_meant(scope)):
        return None
    return _main_colors(scope)


def _thing_meant(scope: Scope) -> bool:
    drawn = scope.given is not None or scope.points is not None
    focus = scope.focus is not None and is_placed(scope, scope.focus)
    named = scope.mentioned is not None and not scope.words.is_picture(scope.mentioned.head)
    return drawn or focus or named


def _main_colors(scope: Scope, ground: bool = False) -> Fragment:
    """The colours of the whole picture; as those of its `ground` only where one is most of it."""
    ref = scope.work.call("colors", image=scope.image, region=scope.given)
    labels = scope.work.see(ref, Labels)
    pairs = list(zip(labels.texts, labels.scores, strict=True))[:4]
    said = listed([f"{_spoken(name)} {share:.0%}" for name, share in pairs])
    if ground and pairs and pairs[0][1] < MOST_OF_IT:
        return Fragment(
            f"I cannot tell the background from the rest; the main colours{scope.where()} are {said}"
            f"{scope.work.cite(ref)}"
        )
    return Fragment(f"The main colours{scope.where()} are {said}{scope.work.cite(ref)}")


def _spoken(name: str) -> str:
    return f"{name} ({PLAINLY[name]})" if name in PLAINLY else name


def _share_of(scope: Scope, named: str) -> tuple[float, str]:
    """How much of the picture a colour word fits, and the cite."""
    ref = scope.work.call("colors", image=scope.image, region=scope.given)
    labels = scope.work.see(ref, Labels)
    fits = [s for name, s in zip(labels.texts, labels.scores, strict=True) if matches(name, named)]
    return float(sum(fits)), scope.work.cite(ref)


def _amount(scope: Scope) -> Fragment | None:
    match = patterns.match(
        rf"^(?:how much|what (?:share|percentage|percent|fraction|part|proportion)) of (?:the |this )?(?:{_pictures(scope)}|it) (?:is|are) (?P<c>{NAMED})$"
        rf"|^how (?P<d>{NAMED}) is (?:it|(?:the|this) (?:{_pictures(scope)}))$",
        scope.text,
    )
    if not match:
        return None
    named = match.group("c") or match.group("d")
    share, cite = _share_of(scope, named)
    said = f"{share:.0%}" if share else "Less than 3 %"
    return Fragment(f"{said} of the picture is {named}{scope.where()}{cite}")


def _any_of(scope: Scope) -> Fragment | None:
    match = patterns.match(
        rf"^(?:(?:is|are) there|do(?:es)? (?:you see|it (?:have|contain)|(?:the|this) (?:{_pictures(scope)}) (?:have|contain))|see) (?:any|some|a lot of|much|something|anything)?\s*(?P<c>{NAMED})(?: (?:things?|parts?|areas?|pixels))?(?: (?:here|anywhere|in it|(?:in|on) (?:the|this) (?:{_pictures(scope)})))*$",
        scope.text,
    )
    if not match:
        return None
    named = match.group("c")
    share, cite = _share_of(scope, named)
    if share:
        return Fragment(f"Yes, {share:.0%} of the picture is {named}{scope.where()}{cite}")
    return Fragment(f"No, less than 3 % of the picture is {named}{scope.where()}{cite}")


def _is_it(scope: Scope) -> Fragment | None:
    """Such as "Is the sign red?", "Are the letters white or yellow?"."""
    match = patterns.match(
        rf"^(?:is|are|was|were) (?P<a>(?!there\b).+?) (?:painted |coloured |colored |mostly |mainly |printed in |written in |in )?(?P<c>(?:{NAMED})(?:(?:,| or|, or) (?:{NAMED}))*)(?: in colou?r)?$",
        scope.text,
    )
    if not match:
        return None
    asked = patterns.findall(NAMED, match.group("c"))
    if set(asked) <= {"black", "white"} and " and white" in scope.text:
        return None
    wanted = scope.target(match.group("a"))
    whole = wanted.head and scope.words.is_picture(wanted.head)
    if (
        _is_whole(scope, wanted)
        or whole
        or patterns.fullmatch(r"(?:the |its )?background", match.group("a"))
    ):
        return _picture_is(scope, asked)
    if wanted.many and scope.noun(wanted) is not None and len(asked) == 1:
        return _all_are(scope, wanted, asked[0])
    found = _colors_of(scope, match.group("a"))
    if isinstance(found, Fragment):
        return found
    names, shares, cite, name, ref = found
    held = [c for c in asked if any(matches(n, c) and s >= ENOUGH for n, s in zip(names, shares, strict=True))]  # fmt: skip
    if len(asked) > 1:
        said = held[0] if held else _spoken(names[0])
        return Fragment(f"The {name} {_be(name)} {said}{cite}", focus=ref)
    true = asked[0] if held else _spoken(names[0])
    return Fragment(f"{'Yes' if held else 'No'}, the {name} {_be(name)} {true}{cite}", focus=ref)


def _picture_is(scope: Scope, asked: list[str]) -> Fragment:
    shares = {c: _share_of(scope, c) for c in asked}
    best = max(asked, key=lambda c: shares[c][0])
    share, cite = shares[best]
    if len(asked) > 1:
        return Fragment(f"Rather {best}: {share:.0%} of the picture is {best}{cite}")
    return Fragment(
        f"{'Yes' if share >= 0.4 else 'No'}, {share:.0%} of the picture is {best}{cite}"
    )


def _all_are(scope: Scope, wanted: Target, asked: str) -> Fragment:
    """Whether all things of a kind have a colour, and how many do."""
    every = scope.find(wanted)
    total = len(scope.work.see(every, Placed))
    if not total:
        return Fragment(scope.absent(plural(2, wanted.head), every))
    those = scope.work.call("pick", things=every, image=scope.image, color=asked)
    n = len(scope.work.see(those, Placed))
    return Fragment(
        f"{'Yes' if n == total else 'No'}, {n} of the {total} {plural(total, wanted.head)} {'is' if n == 1 else 'are'} {asked}{scope.work.cite(every)}",
        focus=every,
    )


def _each_color(scope: Scope, wanted: Target) -> Fragment | None:
    """The colours of several things, one by one."""
    every = scope.find(wanted)
    total = len(scope.work.see(every, Placed))
    if not 2 <= total <= 12:
        return None
    ones = [
        scope.work.call("pick", things=every, index=i + 1, order="left-to-right")
        for i in range(total)
    ]
    refs = [scope.work.call("colors", image=scope.image, region=one) for one in ones]
    for ref in refs[:-1]:
        scope.work.view.of_call(ref.call_id)
    named = Counter(
        next(iter(scope.work.see(ref, Labels).texts), "of no clear colour") for ref in refs
    )
    said = listed([f"{n} {_spoken(name)}" for name, n in named.most_common()])
    return Fragment(f"{said} {plural(2, wanted.head)}{scope.work.cite(every)}", focus=every)


def _which(scope: Scope) -> Fragment | None:
    said = patterns.search(r"\b(?:colou?rs?|shade|hue)\b", scope.text)
    if not said or patterns.match(
        r"^(?:make|turn|change|paint|colou?r|is|are|does|do)\b", scope.text
    ):
        return None
    match = patterns.match(
        r"^(?:what|which|in (?:what|which)) (?:\w+ )?(?:colou?rs?|shade|hue) (?:is|are|does|do|has|have|was|were) (.+?)(?: have| has| painted| written| printed| in)*$",
        scope.text,
    ) or patterns.search(
        r"\b(?:colou?rs?|shade|hue) (?:of|in|on|does|do) (.+?)(?: have| has)?$", scope.text
    )
    if not match:
        named = patterns.match(
            r"^what is the (background|text|letter|font|ink) colou?r$", scope.text
        )
        if not named:
            return None
        match = named
    phrase = patterns.sub(
        r"^(?:the )?(?:main |dominant |most common )?colou?rs? (?:of|in) ", "", match.group(1)
    )
    plainly = scope.target(phrase)
    if plainly.many and scope.noun(plainly) is not None and not patterns.search(INK, phrase):
        found_each = _each_color(scope, plainly)
        if found_each is not None:
            return found_each
    found = _colors_of(scope, phrase)
    if isinstance(found, Fragment):
        return found
    names, shares, cite, name, ref = found
    second = (
        names[1:] and shares[0] <= 0.7 and not patterns.search(INK, phrase) and shares[1] >= 0.15
    )
    rest = f", then {_spoken(names[1])}" if second else ""
    return Fragment(f"The {name} {_be(name)} {_spoken(names[0])}{rest}{cite}", focus=ref)


Seen = tuple[list[str], list[float], str, str, Ref]


def _colors_of(scope: Scope, phrase: str) -> Seen | Fragment:
    """(names, shares, cite, what to call it, where) of the thing; of letters that of their ink."""
    wanted = scope.target(phrase)
    ground = patterns.match(r"^(?:the |its )?background(?: (?:of|behind|on) (.+))?$", phrase)
    ink = patterns.search(INK, phrase) is not None
    if _is_whole(scope, wanted) or (ground and not ground.group(1)):
        return _main_colors(scope, ground is not None)
    if ground:
        wanted = scope.target(ground.group(1))
    written = ink or ground is not None or scope.is_surface(wanted)
    region = _written(scope, wanted.of or wanted) if written else scope.find(wanted)
    placed = scope.work.see(region, Placed)
    if not len(placed):
        return Fragment(scope.absent(wanted.head or wanted.text, region))
    side = wanted.part.removesuffix(" half")
    if (
        written
        and len(placed) > 1
        and not wanted.many
        and side in ("left", "right", "top", "bottom")
    ):
        region = scope.work.call("pick", things=region, image=scope.image, position=side)
        placed = scope.work.see(region, Placed)
    ref = scope.work.call("colors", image=scope.image, region=region)
    labels = scope.work.see(ref, Labels)
    names, shares = list(labels.texts), [float(s) for s in labels.scores]
    if not names:
        raise Cannot(f"I cannot name a colour of the {wanted.head}")
    if isinstance(placed, TextSpans):
        names, shares = names[1:2] if ink and len(names) > 1 else names[:1], [1.0]
    said = phrase if scope.override is None else wanted.head
    name = "background" if ground else _name(wanted, said)
    return names, shares, scope.work.cite(region), name, region


def _written(scope: Scope, carrier: Target) -> Ref:
    """The text that shows the colours of what bears it: only the line that names it, if one does."""
    named = scope.by_name(carrier) if carrier.modifiers and not carrier.contains else carrier
    found = scope.look_twice("text", contains=named.contains) if named.contains else None
    return found or carrier_text(scope, carrier)


def _name(wanted: Target, phrase: str) -> str:
    if wanted.pronoun or not wanted.head:
        return "region"
    return (
        patterns.sub(r"^(?:the|a|an|this|that|these|those) ", "", phrase)
        if len(phrase) < 40
        else wanted.head
    )


def _be(name: str) -> str:
    """The verb for what a noun phrase names: its first noun decides ("the letters of the sign")."""
    head = patterns.split(r" (?:of|on|in|at|that|which|behind) ", name)[0].split(" ")[-1]
    return "are" if singular(head) != head else "is"


def _is_whole(scope: Scope, wanted: Target) -> bool:
    if wanted.head and scope.words.is_picture(wanted.head):
        return True
    return wanted.pronoun and wanted.is_plain and not _thing_meant(scope)
