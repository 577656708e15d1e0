"""What kind of thing a text is: an e-mail, a clock time, a price, a plate.

Pure functions over strings and over ``TextSpans``; they look at the shape of the characters and,
for headings and lists, at size and place. A text may be of several kinds at once. Knows nothing
of OCR, of documents (``tools/experts/read_fields.py``) or of questions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from tools.layout import line_heights, line_tops
from tools.textpatterns import (
    DIGITS,
    DISTRICT,
    MONTH,
    NAME_LINK,
    NAME_WORD,
    NUMBER,
    PATTERNS,
    PLATE,
    POSTCODE,
    UNITS,
    phone_parts,
)  # fmt: skip
from tools.types import TextSpans

KINDS: tuple[str, ...] = (
    *PATTERNS, "price", "phone", "postcode", "plate", "isbn", "ean", "number", "name",
)  # fmt: skip
"""Every kind ``kind_of`` can answer. ``price`` and ``amount`` go together."""


HEADING_LINES = 3
"""More lines than that of like size are running text, of which the heading stands out a little."""
NO_BODY = 0.92
"""Share of the heading's size that its other lines then have."""


@dataclass(frozen=True)
class Found:
    """One thing of a known kind inside a text."""

    kind: str
    value: str
    """As printed."""
    start: int
    """Index of the first character in the text."""


def kind_of(text: str) -> frozenset[str]:
    """All kinds that occur in `text`."""
    return _kind_of(text)


@lru_cache(maxsize=4096)
def _kind_of(text: str) -> frozenset[str]:
    return frozenset(found.kind for found in matches(text))


def matches(text: str) -> list[Found]:
    """Everything of a known kind in `text`."""
    text = " ".join(text.split())
    found = [
        Found(kind, match.group().strip(" ,;"), match.start())
        for kind, pattern in PATTERNS.items()
        for match in pattern.finditer(text)
        if _CHECKS.get(kind, _always)(match.group(), text)
    ]
    found += [Found("price", f.value, f.start) for f in found if f.kind == "amount"]
    found += [Found("phone", part, text.find(part)) for part in phone_parts(text)]
    found += [Found("postcode", m.group().strip(" ,"), m.start()) for m in POSTCODE.finditer(text)]
    found += _district(text, found)
    found += _checked_numbers(text)
    return _without_parts(found + _whole(text, {f.kind for f in found}))


def _district(text: str, known: list[Found]) -> Iterator[Found]:
    """The postal district at the end of a British street sign: "Abbey Road NW8"."""
    match = DISTRICT.search(text)
    if match and not any(f.kind in ("postcode", "route", "time") for f in known):
        yield Found("postcode", match.group(1), match.start(1))


def _whole(text: str, known: set[str]) -> list[Found]:
    """Kinds that only a text as a whole can be, unless `known` explains it better."""
    whole = text.strip(" .,:;()[]\"'“”")
    tests = (
        ("plate", is_plate, {"amount", "date", "time", "distance", "speed"}),
        ("number", is_number, {"date", "phone"}),
        ("name", is_name, {"date"}),
    )
    return [
        Found(kind, whole, text.find(whole))
        for kind, test, better in tests
        if whole and test(whole) and not known & better
    ]


def _without_parts(found: list[Found]) -> list[Found]:
    """A "1234" inside a telephone number or a plate is no year."""
    larger = [f for f in found if f.kind in ("phone", "plate", "ean", "isbn")]
    return [
        f for f in found if f.kind != "year" or not any(f.value in other.value for other in larger)
    ]


def values(text: str, kind: str) -> list[str]:
    """The parts of `text` that are of `kind`, as printed."""
    return [found.value for found in matches(text) if found.kind == kind]


def is_plate(text: str) -> bool:
    """Whether `text` as a whole looks like a vehicle registration."""
    if not (PLATE.fullmatch(text) or re.fullmatch(r"[A-Z0-9]{5,8}", text)):
        return False
    bare = re.sub(r"[^A-Z0-9]", "", text)
    letters, digits = re.findall(r"[A-Z]+", bare), re.findall(r"\d+", bare)
    if not (4 <= len(bare) <= 10 and letters and digits and max(map(len, letters)) <= 4):
        return False
    if re.fullmatch(rf"\d+{UNITS}", bare) or re.fullmatch(r"[A-Z]{1,2}\d{1,2}[A-Z]{0,1}", bare):
        return False
    return sum(map(len, digits)) >= 2 or (len(bare) >= 6 and len(letters) <= 2)


def is_number(text: str) -> bool:
    """Whether `text` as a whole is one number."""
    return bool(NUMBER.fullmatch(text))


def is_name(text: str) -> bool:
    """Whether `text` as a whole looks like the name of a person, place or firm."""
    words = text.replace(",", " ").split()
    proper = [w for w in words if NAME_WORD.fullmatch(w)]
    rest = [w for w in words if w not in proper]
    return 2 <= len(words) <= 6 and len(proper) >= 2 and all(w.lower() in NAME_LINK for w in rest)


def _always(value: str, text: str) -> bool:
    return True


def _is_date(value: str, text: str) -> bool:
    from dateutil import parser

    if "年" in value or not value.isascii():
        return True
    clean = re.sub(r"\s*([-/.])\s*", r"\1", value)
    try:
        parser.parse(clean, dayfirst=True, fuzzy=True)
    except (ValueError, OverflowError):
        return not clean[:1].isdigit() or bool(re.search(MONTH, clean, re.I))
    return True


def _is_amount(value: str, text: str) -> bool:
    """A bare 12.05 inside 12.05.2019 or a time is no amount; the pattern's edges see to most."""
    times = (m.group() for m in PATTERNS["time"].finditer(text))
    return not (
        _is_part_of(value, text, PATTERNS["date"]) or any(value.strip() in t for t in times)
    )


def _is_part_of(value: str, text: str, larger: re.Pattern[str]) -> bool:
    return any(
        value.strip() in m.group() and value.strip() != m.group() for m in larger.finditer(text)
    )


def _is_street(value: str, text: str) -> bool:
    return len(value) <= 60 and not re.search(r"[.!?]\s", value[:-1].replace("St. ", ""))


_CHECKS: dict[str, Callable[[str, str], bool]] = {
    "date": _is_date,
    "amount": _is_amount,
    "street": _is_street,
}


def _checked_numbers(text: str) -> Iterator[Found]:
    """ISBN and EAN: digits whose check digit is right."""
    from stdnum import ean, isbn

    for match in DIGITS.finditer(text):
        bare = re.sub(r"[\s-]", "", match.group()).upper()
        if isbn.is_valid(bare) and (
            len(bare) == 13 or "ISBN" in text.upper() or "-" in match.group()
        ):
            yield Found("isbn", match.group(), match.start())
        if bare.isdigit() and len(bare) in (8, 12, 13, 14) and ean.is_valid(bare):
            yield Found("ean", match.group(), match.start())


_ITEM = re.compile(r"(?:\(?(\d{1,2})\s?[.):](?!\d)|([•●▪■◦‣∙*·–-])\s?(?=\w)|([①-⑳]))")


def numbered_items(spans: TextSpans) -> list[int]:
    """Rows that open an item of a list: "1.", "2)", "(3)", "•", or a lone numeral.

    A numbering counts when at least two numbers of a run are there; bullets when at least two.
    """
    numbers: dict[int, int] = {}
    bullets: list[int] = []
    for row, text in enumerate(spans.texts):
        match = _ITEM.match(text.strip())
        lone = re.fullmatch(r"\d{1,2}", text.strip())
        if lone:
            numbers.setdefault(int(text), row)
        elif match and match.group(1):
            numbers[int(match.group(1))] = row
        elif match:
            bullets.append(row)
    run = 0
    while run + 1 in numbers:
        run += 1
    if run >= 2:
        return sorted(numbers[n] for n in range(1, run + 1))
    return bullets if len(bullets) >= 2 else []


def heading(spans: TextSpans) -> list[int]:
    """Rows of the most heading-like text: the largest lettering, sooner at the top.

    Neighbouring lines of like size belong to it, running text never does. Empty without text.
    """
    wordy = [i for i, t in enumerate(spans.texts) if sum(c.isalpha() for c in t) >= 2]
    if not wordy:
        return []
    heights, tops = line_heights(spans), line_tops(spans)
    bottom = max(float(tops.max()), 1.0)
    weight = {i: float(heights[i]) * (1.25 - 0.5 * float(tops[i]) / bottom) for i in wordy}
    first = max(wordy, key=lambda i: weight[i])
    size = float(heights[first])
    rows, edge = [first], float(tops[first])
    for step in (1, -1):
        last, row = edge, first + step
        while 0 <= row < len(spans) and row in weight:
            near = abs(float(tops[row]) - last) <= 2.2 * size
            if not (near and 0.75 <= heights[row] / size <= 1.33):
                break
            rows.append(row)
            last, row = float(tops[row]), row + step
    if len(rows) > HEADING_LINES:
        large = [row for row in rows if heights[row] >= NO_BODY * size]
        rows = [row for row in large if set(range(min(row, first), max(row, first))) <= set(large)]
    return sorted(rows) if len(rows) <= HEADING_LINES else [first]


_FOLD = str.maketrans("0156892|!$ß", "olsbbgzllss")


def fold(text: str) -> str:
    """`text` in a form in which letters that OCR confuses are the same; words kept apart."""
    plain = re.sub(r"[^\w\s|!$]", " ", text.casefold()).translate(_FOLD).replace("i", "l")
    return " ".join(plain.split())


def find(spans: TextSpans, wanted: str) -> list[tuple[int, float]]:
    """Rows in which `wanted` can be read, best first, with a score from 0.6 to 1.

    Case, punctuation and confusions of OCR (0/O, 1/I/l, 5/S, 8/B) do not matter; a row that holds
    only a part of `wanted` scores by its share.
    """
    from rapidfuzz import fuzz

    target = fold(wanted)
    scored = []
    for row, text in enumerate(spans.texts):
        line = fold(text)
        if not target or not line:
            continue
        if f" {target} " in f" {line} ":
            score = 0.95 + 0.05 * (wanted.casefold() in text.casefold())
        elif len(line) >= len(target):
            score = 0.94 * fuzz.partial_ratio(target, line) / 100
        else:
            score = (
                max(
                    fuzz.ratio(target, line),
                    fuzz.partial_ratio(line, target) * len(line) / len(target),
                )
                / 100
            )
        if score >= 0.6:
            scored.append((row, round(float(score), 4)))
    return sorted(scored, key=lambda pair: (-pair[1], pair[0]))
