"""Amounts of money: reading them, telling what the label beside one means, finding the total.

Works on labels and numbers, in the order in which they stand on a receipt. Knows nothing of
pictures, boxes or layout.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tools.textkinds import matches
from tools.textpatterns import CURRENCY

CENT = 0.011
"""Two amounts this near are the same."""
SMALL_COIN = r"(?:p|¢|cents?)"
"""What stands behind amounts of hundredths: "40p"."""
_SHORTEST_FUZZY = 5
_LABELS: tuple[tuple[str, str], ...] = (
    ("pair", r"\b(?:total )?(?:qty|quantity|items? sold|no of items?|x ?items?|item count|pcs|points?|rounding|round off|rnd)\b"),
    ("discount", r"\b(?:discount|disc|coupon|promo|voucher|rebate|rabatt|remise|descuento|saved|savings?)\b"),
    ("subtotal", r"\b(?:sub ?total|subttl|zwischensumme|sous total|total (?:excl\w*|before|net of|ex) ?|taxable\w*|net total|total sales excl\w*|total without)"),
    ("total", r"\btotal\b.*\b(?:incl\w*|after|with)\b|\b(?:incl\w*)\b.*\btotal\b"),
    ("change", r"\b(?:change|rückgeld|rueckgeld|wechselgeld|cambio|rendu|vuelto|troco)\b"),
    ("tax", r"\b(?:tax\d?|gst|vat|hst|pst|sst|mwst|ust|tva|iva|igv|cgst|sgst|steuer)\b"),
    ("cash", r"\b(?:cash|tendered|tender|amount paid|paid|payment|visa|mastercard|master card|amex|debit|credit|eftpos|card|bar|gegeben|efectivo|espèces)\b"),
    ("total", r"\b(?:total|ttl|amount due|amount payable|to pay|total due|summe|gesamt\w*|zu zahlen|à payer|a pagar|importe|suma|razem)\b"),
    ("balance", r"\bbalance\b"),
)  # fmt: skip
"""(kind, pattern over the folded label); the first that fits decides."""
_FUZZY = ("subtotal", "total", "change", "discount", "balance")
STRONG = re.compile(r"grand|due|payable|incl|to pay|nett|after|rounded")


@dataclass(frozen=True)
class Money:
    """One amount inside a text."""

    number: float
    text: str
    """As "60.44", with its currency where one was printed: "$60.44", "RM 2.30"."""
    start: int
    """Index of its first character."""
    end: int
    """Index after its last character."""


@dataclass(frozen=True)
class Charge:
    """A line of a receipt: a label and its amounts."""

    label: str
    amounts: tuple[Money, ...]
    kind: str
    """What the label means, ``''`` where it names no sum."""

    @property
    def number(self) -> float:
        """The last amount on the line: the one that is added up."""
        return self.amounts[-1].number


def amounts(text: str) -> list[Money]:
    """The amounts in `text`, left to right."""
    text = " ".join(text.split())
    found: list[Money] = []
    for item in sorted((m for m in matches(text) if m.kind == "amount"), key=lambda m: m.start):
        start = text.find(item.value, found[-1].end if found else 0)
        number = number_of(item.value)
        if number is not None and start >= 0:
            shown = _shown(item.value, number)
            found.append(Money(number, shown, start, start + len(item.value)))
    return found


def number_of(text: str) -> float | None:
    """The number printed in `text`, whichever of comma and point parts the decimals."""
    match = re.search(r"\d[\d.,\s]*", text)
    if match is None:
        return None
    digits = re.sub(r"\s", "", match.group()).rstrip(".,")
    cut = max(digits.rfind(","), digits.rfind("."))
    thousands = len(digits) - cut == 4 and not re.fullmatch(r"0+", digits[:cut])
    if cut < 0 or thousands:  # no decimals: "1,234", but "0.125" has them
        cut = len(digits)
    head, tail = digits[:cut], digits[cut + 1 :]
    value = float(f"{re.sub(r'[.,]', '', head) or '0'}.{tail or '0'}")
    if cut == len(digits) and re.search(rf"\d\s?{SMALL_COIN}$", text.strip(), re.I):
        value /= 100
    before = text[: match.start()]
    return -value if "-" in before or before.strip().startswith("(") else value


def _shown(text: str, number: float) -> str:
    if re.search(rf"\d\s?{SMALL_COIN}$", text.strip(), re.I) and number < 1:
        return text.strip()
    mark = re.search(CURRENCY, text, re.I)
    places = 2 if re.search(r"[.,]\s?\d{2}\D*$", text) else 0
    shown = f"{abs(number):.{places}f}"
    if mark:
        shown = f"{mark.group()} {shown}" if mark.group().isalpha() else f"{mark.group()}{shown}"
    return f"-{shown}" if number < 0 else shown


def label_kind(label: str) -> str:
    """What a label beside an amount means: total, subtotal, tax, change, cash, …; '' for none."""
    from rapidfuzz import fuzz

    words = " ".join(re.sub(r"[^\w%]+", " ", _unconfused(label).casefold()).split())
    for kind, pattern in _LABELS:
        if re.search(pattern, words):
            return kind
    for word in words.split():
        for kind in _FUZZY:
            if len(word) >= _SHORTEST_FUZZY and fuzz.ratio(word, kind) >= 80:
                return kind
    return ""


def _unconfused(label: str) -> str:
    """Digits inside words as the letters they were misread from: T0TAL, 5UBTOTAL."""
    swap = str.maketrans("0158", "OISB")
    return re.sub(
        r"\b(?=[0158]*[A-Z]+[0158]+[A-Z]|[0158][A-Z]{3})\w+",
        lambda m: m.group().translate(swap),
        label,
    )


def pick_total(charges: Sequence[Charge]) -> int | None:
    """Which of `charges` is what had to be paid: by label, arithmetic and place, in that order.

    Without a line that says so, the line that the arithmetic makes the total; else None.
    """
    if not charges:
        return None
    sums = _sums(charges)
    scored = []
    for row, charge in enumerate(charges):
        proof = sum(abs(charge.number - value) <= CENT for value in sums)
        if charge.kind == "total":
            twin = sum(o.kind == "total" and abs(o.number - charge.number) <= CENT for o in charges)
            strong = bool(STRONG.search(charge.label.casefold()))
            scored.append((2 + 1.5 * proof + 0.5 * (twin > 1) + 1.0 * strong, -row, row))
        elif charge.kind == "balance" or (charge.kind == "" and proof):
            scored.append((proof + 0.5 * (charge.kind == "balance"), -row, row))
    return max(scored)[2] if scored else None


def _sums(charges: Sequence[Charge]) -> list[float]:
    """What the total ought to be by the other lines: subtotal + taxes, cash − change."""

    def of(kind: str) -> list[float]:
        return [abs(c.number) for c in charges if c.kind == kind]

    sums = []
    if of("subtotal") and (of("tax") or of("discount")):
        sums.append(of("subtotal")[-1] + sum(of("tax")) - sum(of("discount")))
    if of("cash") and of("change"):
        sums.append(sum(of("cash")) - of("change")[-1])
    return sums
