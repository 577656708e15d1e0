"""Goals over several pictures: which has more, how much more, how many in all.

Knows nothing of how pictures are told to be the same (``sameness.py``).
"""

from __future__ import annotations

import re
from dataclasses import replace

from agent.planners.offline import patterns
from agent.planners.offline.counting import people
from agent.planners.offline.judging import is_so
from agent.planners.offline.phrases import Target
from agent.planners.offline.sameness import numeric, same_aspect, same_or_not
from agent.planners.offline.scope import Scope
from agent.planners.offline.work import Fragment, Ref, listed, number, plural, quoted
from tools.types import Placed, Table

ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


def over_all(scope: Scope) -> Fragment | None:
    """Questions that only several pictures together can answer."""
    if len(scope.images) < 2:
        return None
    for goal in (
        same_aspect,
        _more,
        _how_much_more,
        _being,
        _having,
        _in_some,
        _in_total,
        same_or_not,
    ):
        found = goal(scope)
        if found is not None:
            return found
    return None


WHICH = r"^(?:which|what|in which|on which|who)\b"


def _comparative(scope: Scope) -> tuple[str, str, bool] | None:
    """(word, measure, whether more of it is meant) of the comparative in the clause."""
    table = scope.words.table("comparatives")
    for phrase in sorted(table, key=len, reverse=True):
        if patterns.search(rf"\b{re.escape(phrase)}\b", scope.text):
            return phrase, str(table[phrase][0]), bool(table[phrase][1])
    return None


def _of_things(scope: Scope) -> bool:
    """Whether the clause compares things in the pictures rather than the pictures."""
    match = patterns.search(r"^(?:in )?(?:which|what)(?: of (?:the|these) (?:two |three )?)?\s?(.*?) (?:is|are|has|have|do|does)\b", scope.text)  # fmt: skip
    said = (
        patterns.sub(r"\b(one|of these|of the two|two|three|the)\b", "", match.group(1)).split()
        if match
        else []
    )
    return bool(said) and not scope.words.is_picture(said[-1])


def _more(scope: Scope) -> Fragment | None:
    """Which picture is darker, sharper, larger."""
    found = _comparative(scope)
    asks = patterns.match(rf"{WHICH}|^(?:is|are)\b", scope.text)
    copied = patterns.search(r"\b(?:version|copy|crop)\b", scope.text)
    if found is None or not asks or copied or _of_things(scope):
        return None
    phrase, measure, more = found
    values, handles = _values(scope, measure)
    asked = scope.clause.pictures or _ordered(scope)
    best = (max if more else min)(range(len(values)), key=lambda i: values[i])
    cites = f" [{handles[0]}]"
    if max(values) - min(values) <= 0.01 * max(1e-9, abs(max(values))):
        return Fragment(f"No picture is {phrase}: they are the same in {measure}{cites}")
    shown = ", ".join(f"{ORDINALS[i]}: {number(v, 1)}" for i, v in enumerate(values))
    if patterns.match(r"^(?:is|are)\b", scope.text) and asked:
        opening = f"{'Yes' if best == asked[0] - 1 else 'No'}, the {ORDINALS[best]}"
    else:
        opening = f"The {ORDINALS[best]}"
    return Fragment(
        f"{opening} picture is {phrase} ({measure} {shown}){cites}", focus=scope.images[best]
    )


def _ordered(scope: Scope) -> tuple[int, ...]:
    """The pictures of "the first … than the second", in that order."""
    ordinals = scope.words.table("ordinals")
    said = patterns.findall(rf"\bthe ({'|'.join(ordinals)})\b", scope.text)
    return tuple(int(ordinals[word]) % (len(scope.images) + 1) for word in said)


def _how_much_more(scope: Scope) -> Fragment | None:
    """By how much one picture is darker or larger than the other."""
    found = _comparative(scope)
    if found is None or not patterns.match(
        r"^(?:by how much|how much|how many times)\b", scope.text
    ):
        return None
    phrase, measure, _ = found
    values, handles = _values(scope, measure)
    a, b = values[0], values[1]
    apart = abs(a - b) / max(abs(a), abs(b), 1e-9)
    return Fragment(
        f"{measure} is {number(a, 1)} in the first and {number(b, 1)} in the second picture: they differ by {apart:.0%} [{handles[0]}]"
    )


def _values(scope: Scope, measure: str) -> tuple[list[float], list[str]]:
    """The measure of every picture, from comparisons with the first."""
    first, *others = scope.images
    refs = [scope.work.call("compare", first=first, second=other) for other in others]
    values: list[float] = []
    for ref in refs:
        table = scope.work.see(ref, Table)
        row = next((r for r in table if r["what"].lower().startswith(measure[:6])), None)
        pair = (row["first"], row["second"]) if row is not None else ("0", "0")
        numbers = [numeric(v) for v in pair]
        values = values or [numbers[0]]
        values.append(numbers[1])
    return values, [r.name for r in refs]


def _being(scope: Scope) -> Fragment | None:
    """Which picture is blurry, black and white, in portrait format."""
    words = "|".join(
        re.escape(w) for w in sorted(scope.words.table("qualities"), key=len, reverse=True)
    )
    match = patterns.match(rf"^(?:which|what)\b.*?\b(?:is|are|was)\b (?:not |too )?(?:in |an? |the )?(?:{words})", scope.text)  # fmt: skip
    asked = patterns.findall(rf"\b(?:{words})\b", match.group()) if match else []
    if not asked or _of_things(scope):
        return None
    tables = [scope.work.call("quality", image=image) for image in scope.images]
    denied = patterns.search(r"\bnot\b", scope.text) is not None
    properties = scope.words.table("qualities")
    holding = [
        i for i, ref in enumerate(tables)
        if is_so(asked[-1], scope.work.see(ref, Table), properties) != denied
    ]  # fmt: skip
    cites = "".join(scope.work.cite(tables[i]) for i in holding or range(len(tables)))
    word = f"not {asked[-1]}" if denied else asked[-1]
    if not holding:
        return Fragment(f"None of the pictures is {word}{cites}")
    return Fragment(f"{_pictures_named(holding)} {word}{cites}", focus=scope.images[holding[0]])


def _pictures_named(rows: list[int], verb: str = "is", verbs: str = "are") -> str:
    said = listed([ORDINALS[i] for i in rows])
    return f"The {said} picture {verb}" if len(rows) == 1 else f"The {said} pictures {verbs}"


def _counts(scope: Scope, phrase: str) -> tuple[Target, list[Ref], list[int]]:
    wanted = scope.target(phrase)
    refs = [
        scope.about(image).find(replace(wanted, many=True, quantity=0)) for image in scope.images
    ]
    return wanted, refs, [len(scope.work.see(ref, Placed)) for ref in refs]


def _having(scope: Scope) -> Fragment | None:
    """Which picture has a thing in it, or more of it."""
    match = patterns.search(
        r"\b(?:has|have|contains?|shows?|includes?|with|is there|are there|do you see|can i see|do i see|can you see|says?|reads?|mentions?)\b\s*(?:the (?:text|word|words)\s+)?(?:any |a |an |some |the |more than \w+ )?(.+?)(?:,? (?:the )?(?:first|1st|left) or (?:the )?(?:second|2nd|right).*)?$",
        scope.text,
    )
    if not match or not patterns.match(WHICH, scope.text) or match.group(1).startswith("been "):
        return None
    most = patterns.match(r"^(?:the )?(more|most|fewer|fewest|less|least)\s+(.+)$", match.group(1))
    said = most.group(2) if most else match.group(1)
    if patterns.search(r"\b(?:says?|reads?|mentions?)\b", match.group()) and "⟦" not in said:
        said = f"text that says {said}"
    wanted, refs, counts = _counts(scope, said)
    name = wanted.contains or people(scope, wanted)[0]
    caveat = people(scope, wanted)[1]
    if most:
        pick = min if most.group(1) in ("fewer", "fewest", "less", "least") else max
        best = counts.index(pick(counts))
        rows = ", ".join(f"{ORDINALS[i]}: {n}" for i, n in enumerate(counts))
        if len(set(counts)) == 1:
            return Fragment(
                f"None: every picture has {counts[0]} {plural(counts[0], name)}{caveat}"
            )
        return Fragment(f"The {ORDINALS[best]} picture ({rows}){caveat}", focus=refs[best])
    denied = patterns.search(r"\b(?:not|no|without|lacks?)\b", scope.text) is not None
    if denied:
        return _lacking(scope, counts, name, refs)
    holding = [i for i, n in enumerate(counts) if n]
    if not holding:
        return Fragment(f"None of the pictures: I find no {name} in any of them")
    cites = "".join(scope.work.cite(refs[i]) for i in holding)
    what = quoted([name]) if wanted.contains else name if name == "text" else f"a {name}"
    return Fragment(
        f"{_pictures_named(holding, 'has', 'have')} {what}{cites}{caveat}", focus=refs[holding[0]]
    )


def _lacking(scope: Scope, counts: list[int], name: str, refs: list[Ref]) -> Fragment:
    without = [i for i, n in enumerate(counts) if not n]
    if not without:
        return Fragment(f"None: every picture has a {name}")
    cites = "".join(scope.work.cite(refs[i]) for i in without)
    return Fragment(
        f"{_pictures_named(without, 'has', 'have')} no {name}{cites}", focus=refs[without[0]]
    )


def _in_some(scope: Scope) -> Fragment | None:
    """Whether either, both or all of the pictures have a thing in them."""
    nouns = "|".join(f"{re.escape(n)}s?" for n in scope.words.list("pictures"))
    match = patterns.match(
        rf"^(?:do|does|have|has) (?P<q>either|both|all|any|each|every)(?: one)?(?: of (?:the|these|them))?(?: (?:two|three))?(?: (?:{nouns}))? (?:have|has|contain|show|include)s? (?:a |an |any |some |the )?(?P<a>.+?)(?: (?:in|on) (?:it|them))?$"
        rf"|^(?:is|are) there (?:a |an |any |some )?(?P<b>.+?) (?:in|on) (?P<p>either|both|all|any|each|every)(?: one)?(?: of (?:the|these|them))?(?: (?:two|three))?(?: (?:{nouns}))?$",
        scope.text,
    )
    if not match:
        return None
    wanted, refs, counts = _counts(scope, match.group("a") or match.group("b"))
    every = (match.group("q") or match.group("p")) not in ("either", "any")
    name, caveat = people(scope, wanted)
    yes = all(counts) if every else any(counts)
    holding = [i for i, n in enumerate(counts) if n]
    cites = "".join(scope.work.cite(refs[i]) for i in holding)
    where = f"{_pictures_named(holding, 'has', 'have')} one".lower() if holding else f"I find no {name} in any of them"  # fmt: skip
    return Fragment(f"{'Yes' if yes else 'No'}: {where}{cites}{caveat}", focus=refs[0])


def _in_total(scope: Scope) -> Fragment | None:
    """How many there are in all pictures together."""
    match = patterns.match(
        r"^how many (.+?) (?:are|do|can|is)\b.*\b(?:altogether|in total|in all|combined|together|overall|in both|in all)\b",
        scope.text,
    )
    if not match or scope.clause.pictures:
        return None
    wanted, refs, counts = _counts(scope, match.group(1))
    name, caveat = people(scope, wanted)
    cites = "".join(scope.work.cite(ref) for ref, n in zip(refs, counts, strict=True) if n)
    total, shares = sum(counts), " + ".join(map(str, counts))
    return Fragment(f"There are {shares} = {total} {plural(total, name)}{cites}{caveat}")
