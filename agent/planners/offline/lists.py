"""Goals about lists: which entries, the n-th entry, line or word.

Knows nothing of prices as numbers, nor of how entries are counted (``tallying.py``).
"""

from __future__ import annotations

import numpy as np

from agent.planners.offline import patterns
from agent.planners.offline.entries import entries, of_kind
from agent.planners.offline.scope import Scope
from agent.planners.offline.sentences import sentences
from agent.planners.offline.words import singular
from agent.planners.offline.work import Fragment, Ref, quoted
from tools.layout import line_heights, line_tops
from tools.samewords import written_in
from tools.textkinds import heading, kind_of, numbered_items
from tools.textrows import MARKER
from tools.types import Placed, Table, TextSpans

POINTS = (
    r"(?:item|piece|tip|point|bullet|step|rule|instruction|reason|advice|entry|entries|task|question|"
    r"ingredient|option|hint|fact|answer|warning|measure|recommendation)"
)
SECTION = {
    "step": ("method", "instruction", "preparation", "direction"),
    "instruction": ("method",),
}
"""What a list may be headed by, for what its entries are called."""


# -- the entries of a list without prices -----------------------------------------------------------


def bulleted(scope: Scope, noun: str) -> tuple[Ref, list[int]]:
    """The entries of a list: under a heading that names them, numbered, or one a paragraph."""
    ref = scope.spans()
    spans = scope.work.see(ref, TextSpans)
    under = _under_heading(spans, (noun, *SECTION.get(noun, ())))
    if len(under) >= 2:
        return ref, under
    items = scope.work.call("pick", things=ref, image=scope.image, kind="item")
    numbered = len(scope.work.see(items, Placed))
    if numbered >= 2:
        return items, list(range(numbered))
    blocks = scope.grouped(ref, "block")
    return blocks, _paragraphs(scope.work.see(blocks, TextSpans), spans)


def _under_heading(spans: TextSpans, names: tuple[str, ...]) -> list[int]:
    """Rows between a heading that is one of `names` and the next heading."""
    heights, tops = line_heights(spans), line_tops(spans)
    order = sorted(range(len(spans)), key=lambda i: float(tops[i]))
    for at, row in enumerate(order):
        text = spans.texts[row].strip(" :.")
        if len(text.split()) > 3 or not written_in(names, text):
            continue
        rows: list[int] = []
        for other in order[at + 1 :]:
            if heights[other] > 1.18 * heights[order[at + 1]] or spans.texts[other].endswith(":"):
                break
            rows.append(other)
        numbered = numbered_items(spans.take(rows))
        plain = [r for r in rows if not kind_of(spans.texts[r]) & {"url", "email", "phone"}]
        return [rows[i] for i in numbered] if len(numbered) >= 2 else plain
    return []


def _paragraphs(blocks: TextSpans, lines: TextSpans) -> list[int]:
    """A list without numbers or bullets: its entries are the paragraphs of one size of lettering."""
    if len(blocks) < 2:
        return []
    heights = np.array([_lettering(lines, text) for text in blocks.texts])
    words = np.array([len(t.split()) for t in blocks.texts])
    usual = float(np.median(np.repeat(heights, words)))
    titles = heading(blocks)
    rows = [
        i
        for i, text in enumerate(blocks.texts)
        if words[i] >= (2 if text.isupper() else 3)
        and abs(heights[i] / usual - 1) < 0.18
        and not text.rstrip().endswith(":")
        and not (len(titles) <= 2 and i in titles)
        and not (kind_of(text) & {"name"} and not text.isupper())
        and not kind_of(text) & {"url", "email", "phone"}
    ]
    return rows if len(rows) >= 2 else []


def _lettering(lines: TextSpans, text: str) -> float:
    """Mean height of the lines whose text is part of a paragraph."""
    sides = np.linalg.norm(lines.quads[:, 3] - lines.quads[:, 0], axis=1)
    mine = [float(s) for s, t in zip(sides, lines.texts, strict=True) if t in text]
    return float(np.mean(mine)) if mine else 0.0


def listing(scope: Scope) -> Fragment | None:
    """All entries of a list: "which pizzas are there", "list the ingredients"."""
    match = patterns.match(
        r"^(?:list|name|enumerate|read(?: out| aloud)?|what (?:are|were)|which (?:are|were)|give|show)(?: me)?(?: all)?(?: of)?(?: the| these| those)? (?P<a>(?:\w+ )??[a-z]+s|everything|method)\b(?P<r>.*)$",
        scope.text,
    ) or patterns.match(
        r"^(?:which|what)(?: (?:two|three|four|five|six|other|different|kinds? of|types? of))* (?P<a>(?:\w+ )?[a-z]+s) (?P<r>(?:are|do|does|can|did|is|were|has|have)\b.*)$",
        scope.text,
    )
    if match is None:
        bought = patterns.match(r"^what (?:did|have) (?:they|he|she|we|i|the customers?) (?:buy|bought|order|ordered|eat|have|had)$", scope.text)  # fmt: skip
        return _entries_said(scope, "item", prices=False) if bought else None
    noun = singular(match.group("a").split()[-1])
    wanted = scope.target(match.group("a"))
    if noun in ("section", "category", "heading"):
        return _sections(scope)
    if scope.kind_of(wanted) or scope.noun(wanted) or noun in scope.words.lexicon["text_nouns"]:
        return None
    if patterns.search(r"\b(?:under|over|above|below|than|away|for \d|at \d)\b", match.group("r")):
        return None
    if patterns.search(rf"\b{POINTS}\b", noun) or noun == "method":
        ref, rows = bulleted(scope, noun)
        if rows:
            return Fragment(f"{_lines(scope, ref, rows)}", focus=ref)
    prices = patterns.search(r"\b(?:price|cost)s?\b", match.group("r")) is not None
    return _entries_said(scope, noun, prices=prices)


def _lines(scope: Scope, ref: Ref, rows: list[int]) -> str:
    texts = scope.work.see(ref, TextSpans).texts
    said = quoted(MARKER.sub("", texts[r]) for r in rows[:20])
    return f"{said}{scope.work.cite(ref, rows[:20])}"


def _sections(scope: Scope) -> Fragment | None:
    ref = scope.row_ref(kind="section")
    rows = [r["value"] for r in scope.work.see(ref, Table)]
    if not rows:
        return None
    place = scope.work.call("row_boxes", table=ref)
    return Fragment(f"The sections are {quoted(rows)}{scope.work.cite(place)}", focus=place)


def _entries_said(scope: Scope, noun: str, *, prices: bool) -> Fragment | None:
    far = noun in ("town", "city", "place", "village", "destination")
    found = of_kind(entries(scope, "normal", "distance" if far else "item"), noun)
    if not found:
        return None
    chosen = found[:24]
    if prices:
        said = ", ".join(f"{e.label} {e.value}" for e in chosen)
    else:
        said = ", ".join(e.label for e in chosen)
    cites = scope.work.cite(chosen[0].place, [r for e in chosen for r in e.rows])
    return Fragment(f"{said}{cites}", focus=chosen[0].place)


# -- one of many ------------------------------------------------------------------------------------


def list_item(scope: Scope) -> Fragment | None:
    """One entry of a list, one line or word: "rule number 2", "the last line", "the third step"."""
    noun = r"(?P<noun>rule|step|point|item|tip|entry|question|instruction|ingredient|answer|reason|option|line|word|sentence|paragraph)"
    ordinals = scope.words.table("ordinals")
    match = patterns.search(
        rf"\b{noun} (?:number |no\.? ?|#)?(?P<n>\d+)\b", scope.text
    ) or patterns.search(rf"\b(?P<n>{'|'.join(ordinals)}|top|bottom) {noun}\b", scope.text)
    if not match or patterns.match(r"^(?:is|are|how many|blur|crop|cut|zoom|mark)\b", scope.text):
        return None
    said, noun = match.group("n"), match.group("noun")
    index = {"top": 1, "bottom": -1}.get(said) or (
        int(said) if said.isdigit() else int(ordinals[said])
    )
    if noun == "sentence":
        return _sentence(scope, index)
    if noun in ("line", "word", "paragraph"):
        ref = scope.grouped(scope.spans(), "block" if noun == "paragraph" else "row")
        ref = scope.spans(level="word") if noun == "word" else ref
        rows = list(range(len(scope.work.see(ref, TextSpans))))
    else:
        ref, rows = bulleted(scope, noun)
    if not -len(rows) <= (index - 1 if index > 0 else index) < len(rows):
        return None
    row = rows[index - 1 if index > 0 else index]
    return Fragment(f"It reads {_lines(scope, ref, [row])}", focus=ref)


def _sentence(scope: Scope, index: int) -> Fragment | None:
    """A sentence by its number, or so many words at its beginning."""
    ref = scope.spans()
    found = sentences(scope.work.see(ref, TextSpans))
    if not -len(found) <= (index - 1 if index > 0 else index) < len(found):
        return None
    chosen = found[index - 1 if index > 0 else index]
    text, numbers = chosen.text, scope.words.table("number_words")
    few = patterns.search(r"\bfirst (\w+ )?words?\b", scope.text)
    if few is not None:
        said = (few.group(1) or ("1" if few.group().endswith("word") else "")).strip()
        count = int(said) if said.isdigit() else int(numbers.get(said, 0))
        text = " ".join(text.split()[:count]) if count else text
    return Fragment(f"It reads {quoted([text])}{scope.work.cite(ref, chosen.rows)}", focus=ref)
