"""Goals about how many: things, people, panels, rows and columns.

Knows nothing of the wording of other goals.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from agent.planners.offline import patterns
from agent.planners.offline.phrases import SIDE, Target
from agent.planners.offline.scope import Scope
from agent.planners.offline.words import COLORS
from agent.planners.offline.work import Cannot, Fragment, Ref, cannot_find, listed, plural
from tools.geometry import centres
from tools.types import Placed

PLACE = (
    rf"\b(?:on|in|at|to|near|along) the {SIDE}\b.*$"
    r"|\b(?:above|below|under|left of|right of|to the (?:left|right) of|inside|between|next to) .+$"
)
FILLER = (
    r"(?:are|is|were|was|can|could|do|does|did|have|has|had|will|there|you|i|we|one|see|find|spot|"
    r"count|detect|be|seen|shown|visible|present|pictured|depicted|displayed|appear|appears|occur|"
    r"altogether|in total|in all|overall|exactly|here|on display|contain|contains|show|include|"
    r"in it|on it|it|this|that|picture|lie|lies)\b"
)
ACTING = (
    r"(?:not|\w+ing|stand|sit|hang|wear|hold|carry|walk|run|ride|look|play|eat|drink|smile|sleep)\b"
)
"""Begins what is said of the things that are counted, and that nobody here can see."""


# -- how many -------------------------------------------------------------------------------------


def count(scope: Scope) -> Fragment | None:
    """How many things of a kind there are."""
    match = patterns.match(r"^how many\b\s*(.+)$", scope.text)
    if not match:
        return None
    phrase, rest = _asked(match.group(1))
    if patterns.fullmatch(r"(?:different |separate |single )?(?:rows|columns)(?: of .+)?", phrase):
        return _rows_counted(scope, phrase)
    if phrase and scope.words.is_picture(phrase) and len(scope.images) == 1:
        return _panels(scope)
    rest, part = _cut(PLACE, rest)
    row = patterns.search(r"\b(?:in|of) the (\w+) (row|column)\b", f"{rest} {part}")
    left, negated, colors = _conditions(rest if not row else "")
    wanted = [meant(scope, f"{c} {phrase} {part if not row else ''}") for c in colors or [""]]
    if len(colors) < 2 and " and " in phrase:
        wanted = scope.targets(phrase)
    for said in wanted:
        if (scope.noun(said) or ("", ""))[0] == "segment":  # it finds one thing, so counts none
            raise Cannot(cannot_find(scope.work.view, "detect", repr(said.head)))
    refs = [scope.find(replace(t, many=True, quantity=0)) for t in wanted]
    if row:
        return _in_row(scope, refs[0], wanted[0], row.group(1), row.group(2))
    if negated:
        return _without(scope, meant(scope, f"{phrase} {part}"), refs)
    if len(wanted) > 1 and not colors:
        return _several(scope, wanted, refs)
    return _counted(scope, wanted[0], refs, left)


def _asked(said: str) -> tuple[str, str]:
    """The noun phrase that is counted, and what is said of it."""
    said = patterns.sub(
        r"^(?:of )?(?:the |these |those )?(?:different|distinct|separate|individual) ", "", said
    )
    said = patterns.sub(r"^of (?:the |these |those |all )(?=\w)", "", said)
    phrase = patterns.split(rf"\s(?={FILLER}|{ACTING})", f" {said}", maxsplit=1)
    if len(phrase) > 1 and not phrase[0].strip():
        phrase = patterns.split(rf"(?<=\w)\s(?={FILLER}|not\b)", said, maxsplit=1)
    noun = phrase[0].strip()
    return noun, said[said.find(noun) + len(noun) :].strip()


def _cut(pattern: str, text: str) -> tuple[str, str]:
    match = patterns.search(pattern, text)
    return (text[: match.start()].strip(), match.group()) if match else (text, "")


def _conditions(rest: str) -> tuple[str, bool, list[str]]:
    """What nobody here can see, whether the colours are denied, and the colours."""
    said = patterns.sub(rf"\b{FILLER}", " ", rest)
    said = patterns.sub(
        r"\b(?:in|on|of|from) (?:the|this|that|these|each|our) (?=\s|$)", " ", f"{said} "
    )
    colors = [w for w in patterns.findall(r"\w+", said) if w in COLORS]
    negated = bool(colors) and patterns.search(r"\bnot\b|other than|except", said) is not None
    words = [w for w in said.split() if w not in (*COLORS, "and", "or", "not", "colour", "color")]
    return " ".join(words).strip(" ,"), negated, colors


def meant(scope: Scope, phrase: str) -> Target:
    """The target; "them" with a condition takes its noun from what was spoken of."""
    said = scope.target(
        patterns.sub(r"\bof them\b|\bthem\b|\bof (?:these|those)\b", "ones", phrase)
    )
    if said.pronoun and scope.mentioned is not None:
        return replace(said, head=scope.mentioned.head, pronoun=False)
    return said


def _counted(scope: Scope, wanted: Target, refs: list[Ref], left: str) -> Fragment:
    n = sum(len(scope.work.see(ref, Placed)) for ref in refs)
    for ref in refs:
        scope.work.result(scope.work.call("count", things=ref, of=wanted.head))
    noun, caveat = people(scope, wanted)
    if not n:
        return Fragment(
            f"{scope.absent(plural(2, noun), *refs)}: 0{unsure(scope, noun)}", focus=refs[0]
        )
    doing = (
        left
        if patterns.match(ACTING, left) and not patterns.match(r"\w+ing\b", left)
        else f"are {left}"
    )
    caveat = f"; I cannot tell which of them {doing}" if left else caveat
    cites = "".join(scope.work.cite(ref) for ref in refs)
    return Fragment(
        f"There {'is' if n == 1 else 'are'} {n} {plural(n, noun)}{scope.where()}{cites}{caveat}",
        focus=refs[0],
    )


def _several(scope: Scope, wanted: list[Target], refs: list[Ref]) -> Fragment:
    counts = [len(scope.work.see(ref, Placed)) for ref in refs]
    said = [
        f"{n} {plural(n, people(scope, t)[0])}{scope.work.cite(ref)}"
        for t, ref, n in zip(wanted, refs, counts, strict=True)
    ]
    return Fragment(f"There are {listed(said)}{scope.where()}", focus=refs[-1])


def _without(scope: Scope, everything: Target, refs: list[Ref]) -> Fragment:
    """All of a kind less those of the named colours."""
    all_of = scope.find(replace(everything, many=True))
    total = len(scope.work.see(all_of, Placed))
    n = total - sum(len(scope.work.see(ref, Placed)) for ref in refs)
    return Fragment(
        f"{n} of the {total} {plural(total, everything.head)}{scope.where()}{scope.work.cite(all_of)}",
        focus=all_of,
    )


def _panels(scope: Scope) -> Fragment:
    ref = scope.work.call("find_panels", image=scope.image)
    n = max(1, len(scope.work.see(ref, Placed)))
    return Fragment(
        f"The picture is made of {n} {plural(n, 'picture')}{scope.work.cite(ref)}", focus=ref
    )


def people(scope: Scope, wanted: Target) -> tuple[str, str]:
    """What a noun is called in the answer, and what has to be admitted: men are only people here."""
    if (
        wanted.head not in scope.words.lexicon["sorts_of_person"]
        or _label(scope, wanted) != "person"
    ):
        return wanted.head, ""
    return "person", f"; I cannot tell {plural(2, wanted.head)} from others"


def _label(scope: Scope, wanted: Target) -> str:
    """What a model calls the target; a sort of person is a person unless it has a model."""
    noun = scope.noun(wanted)
    if noun is None or any(
        m.knows(wanted.head) and not m.missing()
        for m in scope.work.view.catalog.of_ability("detect")
    ):
        return ""
    return "person"


def unsure(scope: Scope, noun: str) -> str:
    """What has to be said with "no people": the classical detectors see faces and upright bodies."""
    return " (people without a visible face may be missed)" if noun == "person" else ""


# -- rows and columns -----------------------------------------------------------------------------


def _bands(placed: Placed, kind: str) -> list[list[int]]:
    """Things in rows from the top (or columns from the left): centres less than half a thing apart."""
    axis = 1 if kind.startswith("row") else 0
    boxes = placed.xyxy.astype(np.float64)
    middle, half = centres(boxes)[:, axis], np.median(boxes[:, axis + 2] - boxes[:, axis]) / 2
    bands: list[list[int]] = []
    for i in np.argsort(middle):
        if bands and middle[i] - np.mean(middle[bands[-1]]) <= half:
            bands[-1].append(int(i))
        else:
            bands.append([int(i)])
    return bands


def _rows_counted(scope: Scope, phrase: str) -> Fragment | None:
    kind, _, noun = patterns.sub(r"^(?:different|separate|single) ", "", phrase).partition(" of ")
    wanted = scope.target(noun) if noun else scope.mentioned
    if wanted is None or scope.noun(wanted) is None:
        return None
    ref = scope.find(replace(wanted, many=True))
    placed = scope.work.see(ref, Placed)
    n = len(_bands(placed, kind)) if len(placed) else 0
    return Fragment(
        f"There are {n} {kind} of {plural(2, wanted.head)}{scope.work.cite(ref)}", focus=ref
    )


def _in_row(scope: Scope, ref: Ref, wanted: Target, which: str, kind: str) -> Fragment:
    placed = scope.work.see(ref, Placed)
    bands = _bands(placed, kind) if len(placed) else []
    ends = {
        "top": 0,
        "upper": 0,
        "left": 0,
        "bottom": -1,
        "lower": -1,
        "right": -1,
        "middle": len(bands) // 2,
    }
    ordinals = scope.words.table("ordinals")
    at = ends.get(which, int(ordinals.get(which, 1)) - (int(ordinals.get(which, 1)) > 0))
    rows = bands[at] if -len(bands) <= at < len(bands) else []
    cite = scope.work.cite(ref, rows) if rows else scope.work.cite(ref)
    return Fragment(
        f"There are {len(rows)} {plural(len(rows), wanted.head)} in the {which} {kind}{cite}",
        focus=ref,
    )
