"""The shapes of e-mails, dates, prices, streets, telephone numbers … as patterns.

Telephone numbers are known by label, grouping and the numbering plans of many lands. Knows
nothing of layout, nor of what a text is used for (``tools/textkinds.py``).
"""

from __future__ import annotations

import re

CURRENCY = r"(?:US\$|A\$|S\$|HK\$|[$€£¥₹₩₽฿₫₱]|RM|Rs\.?|Rp\.?|CHF|EUR|USD|GBP|SGD|MYR|AUD|CAD|JPY|INR|KRW|CNY|kr\.?|zł|TL|R\$)"
_GROUPED = r"\d{1,3}(?:[,. ]\d{3})+(?:[.,]\d{1,2})?|\d+[.,]\d{2}"
MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?|januar|februar|märz|mai|juni|juli|"
    r"oktober|dezember|janvier|février|mars|avril|juin|juillet|août|enero|febrero|abril|mayo|junio|"
    r"julio|agosto|septiembre|octubre|noviembre|diciembre)"
)
_CLOCK = r"(?:[01]?\d|2[0-4])\.[0-5]\d"
"""A time with a point in it, which only a span of times tells from a price: 9.00 - 17.30."""
_TLD = (
    r"(?:com|org|net|edu|gov|mil|int|info|biz|io|dev|app|ai|me|tv|shop|store|online|site|xyz|eu|uk|us|de|"
    r"fr|es|it|pt|nl|be|ch|at|se|no|fi|dk|pl|cz|ru|jp|cn|kr|in|sg|my|hk|tw|th|vn|id|ph|au|nz|ca|mx|"
    r"br|ar|cl|za|ie|is|gr|tr|il|ae)"
)
_STREET_LAST = (
    r"(?:st|street|str|rd|road|ln|lane|ave|av|avenue|blvd|boulevard|dr|drive|ct|court|sq|square|"
    r"pl|place|way|terrace|row|crescent|cres|close|mews|hwy|highway|pkwy|parkway|alley|gardens|"
    r"grove|embankment|quay|wharf)"
)
_STREET_FIRST = (
    r"(?:rue|avenue|boulevard|place|quai|via|viale|piazza|corso|calle|avenida|plaza|paseo|carrer|"
    r"rua|praça|largo|jalan|jln|jl|ulica|ul|lorong)"
)
UNITS = r"(?:ML|L|CL|G|KG|MG|OZ|LB|LBS|CM|MM|KM|M|FT|IN|W|KW|V|MAH|GB|MB|TB|HZ|MHZ|GHZ|P|K|D|AM|PM|PCS|PC|X|ST|ND|RD|TH|S|MIN|HRS|H|C|F)"

PATTERNS: dict[str, re.Pattern[str]] = {
    "email": re.compile(r"[\w.+-]+\s?@\s?[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"),
    "url": re.compile(
        rf"(?:https?:\s?//|www\.)[^\s,;]+|(?<![@\w.-])(?:[a-z0-9-]+\.)+{_TLD}\b(?:/[^\s,;]*)?", re.I
    ),
    "date": re.compile(
        rf"\b(?:\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}|\d{{1,2}}\s?[-/.]\s?\d{{1,2}}\s?[-/.]\s?(?:\d{{4}}(?!:)|\d{{2}})"
        rf"|\d{{1,2}}(?:st|nd|rd|th)?[\s./-]*{MONTH}\b[\s.,/'’-]*(?:\d{{4}}|\d{{2}}(?!\d|:))?"
        rf"|{MONTH}\b[\s.]*\d{{1,2}}(?!\d|:)(?:st|nd|rd|th)?(?:[\s,.]+\d{{4}})?|{MONTH}\b[\s.,]*\d{{4}}"
        r"|\d{4}年\d{1,2}月\d{1,2}日|(?<![\d/.-])(?:0[1-9]|1[0-2])\s?[/.-]\s?20\d{2})(?!/|\d(?!\d?:[0-5]\d))",
        re.I,
    ),
    "time": re.compile(
        r"(?:(?<![\d.:,])|(?<=[-/.](?:19|20)\d\d))(?:[01]?\d|2[0-4])\s?:\s?[0-5]\d(?:\s?:\s?[0-5]\d)?(?![\d:])(?:\s?[ap]\.?m\b\.?)?"
        rf"|(?<![\d.:,£$€]){_CLOCK}(?=\s?[-–—]\s?{_CLOCK}(?![\d.,%]))|(?:(?<=\d[-–—])|(?<=\d[-–—]\s)|(?<=\d\s[-–—]\s)){_CLOCK}(?![\d.,%])"
        r"|\b(?:1[0-2]|0?[1-9])(?:[.:][0-5]\d)?\s?[ap]\.?m\b\.?|\b\d{1,2}(?:[.:]\d{2})?\s?(?:Uhr|o'clock|hrs)\b",
        re.I,
    ),
    "year": re.compile(r"(?<![\d.,/:-])(?:1[0-9]|20)\d{2}(?:\s?[-–—]\s?(?:\d{4}|\d{2}))?(?![\d/:]|[.,-]\d)"),
    "amount": re.compile(
        rf"(?<![A-Za-z]){CURRENCY}\s?-?(?:{_GROUPED}|\d+)|-?(?:{_GROUPED}|\d+)\s?(?:{CURRENCY}|cents?|[¢p]\b)(?![A-Za-z])"
        r"|(?<![\d.,/:-])-?\(?(?:\d{1,3}(?:[,. ]\d{3})+[.,]\d{2}|\d{1,6}[.,]\s?\d{2})\)?(?![\d%/:]|[.,]\d|\s?(?:km|m|kg|g|ml|l|cm|mm|oz|lb)\b)",
        re.I,
    ),
    "percent": re.compile(r"\d+(?:[.,]\d+)?\s?(?:%|percent\b|per cent\b)", re.I),
    "speed": re.compile(r"\d+(?:[.,]\d+)?\s?(?:km/h|kmh|kph|mph|m/s|knots?|kn)\b", re.I),
    "distance": re.compile(
        r"\d+(?:[.,]\d+)?\s?(?:km|kilomet(?:er|re)s?|mi|miles?|m|met(?:er|re)s?|cm|mm|ft|feet|foot|yds?|yards?|inch(?:es)?|in)\b(?!/)",
        re.I,
    ),
    "street": re.compile(
        rf"(?:[A-Z][\w.'’-]*\s){{1,4}}{_STREET_LAST}\b\.?|\b\w+(?:straße|strasse|str\.|gasse|weg|platz|allee|laan|straat|gatan|gata)\b"
        rf"|(?:^|[\d,/.]\w?,?\s){_STREET_FIRST}\b\.?\s\w.*",
        re.I,
    ),
}  # fmt: skip
"""Kinds that may occur anywhere in a text."""

POSTCODE = re.compile(
    r"\b[A-Z]{1,2}\d[A-Z\d]?\s\d[A-Z]{2}\b|\b[ABCEGHJ-NPRSTVXY]\d[A-Z]\s?\d[A-Z]\d\b"
    r"|\b[A-Z]{2}[.,]?\s\d{5}(?:-\d{4})?\b|^\d{5}(?:-\d{4})?$|\b\d{4}\s[A-Z]{2}\b|\b\d{5,6},?\s(?=[A-Z][A-Za-z]{2})"
    r"|^(?:E|N|W|SE|SW|NW|EC|WC|[BGLMS]|[A-Z]{2})\d{1,2}[A-Z]?$"
)
DISTRICT = re.compile(
    r"(?:[A-Z][A-Za-z'’]+|\b(?:ST|RD|LN|AVE))[.,]?\s((?:SE|SW|NW|EC|WC|E|N|W)\d{1,2}[A-Z]?)$"
)
PLATE = re.compile(r"[A-Z0-9]{1,5}(?:[\s.·•:-]{1,3}[A-Z0-9]{1,5}){0,3}")
NUMBER = re.compile(r"[-+#№]?\s?\d[\d\s.,]*(?:st|nd|rd|th)?", re.I)
NAME_WORD = re.compile(
    r"[A-ZÀ-ÖØ-Þ][a-zà-öø-ÿ'’]+(?:[-'’][A-Z]?[a-zà-öø-ÿ]+)*|[A-Z]\.|[A-ZÀ-Þ'’-]{2,}|Mc[A-Z][a-z]+"
)
NAME_LINK = frozenset("van von der den de da del di la le bin al of and & y e".split())
DIGITS = re.compile(r"(?<!\d)\d(?:[\s-]?[\dXx]){7,16}(?!\d)")

REGIONS = ("US", "GB", "DE", "FR", "ES", "IT", "AU", "IN", "MY", "SG", "JP", "BR", "KR", "CN")
"""Numbering plans that are tried, in this order, for numbers without a country code."""
_LABEL = re.compile(
    r"(?:\b(?:tel(?:ephone|efon|éfono)?|phone|ph|mobile|mob|cell|call(?: us)?|fax|hp|h/p|fon|whatsapp|"
    r"contact|hotline)\b(?: no)?|[☎✆📞])[\s.:#()]*(\+?[\d(][\d\s().+/-]{5,20}\d)",
    re.I,
)
_LOOSE = re.compile(
    r"(?<![\w.,/-])(\+\d{1,3}[\s().-]*|\(0?\d{1,5}\)\s?|0\d{1,4}[\s./-]|\d{3}[\s.-])\d[\d\s.()-]{4,14}\d(?![\w/])"
)
_NO_PHONE = re.compile(
    r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d[.,]\d{2}$"
)


def phone_parts(text: str) -> list[str]:
    """The telephone numbers in `text`, as printed.

    A number counts when a label such as "Tel" stands before it, or when it is grouped like one
    and a numbering plan knows it. A bare run of digits never counts.
    """
    parts = [m.group(1).strip() for m in _LABEL.finditer(text) if _digits(m.group(1)) >= 6]
    for match in _LOOSE.finditer(text):
        part = match.group().strip(" .-")
        if any(part in known or known in part for known in parts):
            continue
        if not _NO_PHONE.search(part) and 9 <= _digits(part) <= 15 and _planned(part):
            parts.append(part)
    return parts


def _digits(text: str) -> int:
    return sum(c.isdigit() for c in text)


def _planned(part: str) -> bool:
    """Whether some numbering plan knows the number."""
    import phonenumbers

    regions: tuple[str | None, ...] = (None,) if part.startswith("+") else REGIONS
    for region in regions:
        try:
            number = phonenumbers.parse(part, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return True
    return False
