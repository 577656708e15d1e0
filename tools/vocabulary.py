"""What things are called: by people, and by models that list the names they know.

A model with a fixed list knows "person", people say "pedestrians"; here the one becomes the other.
Knows nothing of which models there are.
"""

from __future__ import annotations

from collections.abc import Container, Iterator

SYNONYMS = {
    "face": ("faces", "human face", "visage", "head", "heads"),
    "person": (
        "people", "persons", "human", "humans", "human being", "man", "men", "woman", "women",
        "child", "children", "kid", "kids", "boy", "boys", "girl", "girls", "baby", "babies",
        "pedestrian", "pedestrians", "lady", "ladies", "guy", "guys", "gentleman", "somebody",
        "someone", "anyone", "anybody", "adult", "adults", "body", "bodies", "individual",
    ),
    "circle": ("circles", "round thing", "round things", "round object", "round objects"),
    "coin": ("coins", "penny", "pennies", "cent", "cents"),
    "disc": ("discs", "disk", "disks"),
    "dot": ("dots", "spot", "spots"),
    "ball": ("balls", "sphere", "spheres"),
    "button": ("buttons",),
    "pill": ("pills", "tablet", "tablets"),
    "ring": ("rings",),
    "arrow": ("arrows",),
}  # fmt: skip
"""Canonical name: what people also call it."""
OTHER_NAMES = {
    "airplane": ("plane", "aeroplane", "aircraft", "jet"),
    "backpack": ("rucksack", "knapsack"),
    "bicycle": ("bike", "push bike"),
    "boat": ("ship", "vessel"),
    "car": ("automobile", "auto"),
    "cat": ("kitten", "kitty"),
    "cell phone": ("phone", "mobile", "mobile phone", "cellphone", "smartphone", "telephone"),
    "couch": ("sofa", "settee"),
    "cow": ("cattle",),
    "cup": ("mug",),
    "dining table": ("table",),
    "dog": ("puppy",),
    "donut": ("doughnut",),
    "fire hydrant": ("hydrant",),
    "hair drier": ("hair dryer", "hairdryer", "blow dryer"),
    "handbag": ("purse", "hand bag"),
    "laptop": ("notebook computer", "laptop computer"),
    "motorcycle": ("motorbike", "motor bike"),
    "mouse": ("computer mouse",),
    "potted plant": ("houseplant", "house plant", "pot plant"),
    "refrigerator": ("fridge",),
    "remote": ("remote control",),
    "sports ball": ("football", "basketball", "tennis ball", "soccer ball", "ball"),
    "stop sign": ("stop signs",),
    "suitcase": ("luggage",),
    "teddy bear": ("teddy", "plush bear"),
    "tie": ("necktie",),
    "traffic light": ("traffic signal", "stoplight", "stop light"),
    "truck": ("lorry",),
    "tv": ("television", "telly", "tv set"),
    "wine glass": ("wineglass",),
}  # fmt: skip
"""The same for the classes of COCO. Apart, since no words by which a question is understood."""
CANONICAL = {other: name for name, others in SYNONYMS.items() for other in others}
COMMON = {other: name for name, others in OTHER_NAMES.items() for other in others}
LOOSE = frozenset((
    "head", "heads", "man", "men", "woman", "women", "child", "children", "kid", "kids", "boy",
    "boys", "girl", "girls", "baby", "babies", "lady", "ladies", "guy", "guys", "gentleman",
    "adult", "adults", "penny", "pennies", "cent", "cents", "tablet", "tablets", "kitten", "kitty",
    "ship", "vessel", "jet", "telephone", "mug", "table", "puppy", "purse", "football",
    "basketball", "tennis ball", "soccer ball", "ball",
))  # fmt: skip
"""Words that do not mean quite the same as the name they stand for: who knows them goes first."""
LEADING = (
    "a ",
    "an ",
    "the ",
    "all ",
    "every ",
    "each ",
    "any ",
)
OWNERS = ("people's ", "person's ", "human ")
ENDINGS = (("ies", "y"), ("ves", "f"), ("ves", "fe"), ("es", ""), ("s", ""))
"""Endings of plurals, and those of their singulars."""


def plain(phrase: str) -> str:
    """A phrase in small letters without the article and punctuation around it."""
    name = " ".join(phrase.lower().replace("’", "'").strip(" .,;:!?\"'").split())
    return _without(name, LEADING)


def canonical(phrase: str) -> str:
    """The singular name that models list for a phrase; the phrase itself where none is known."""
    name = _without(plain(phrase), (*LEADING, *OWNERS))
    return CANONICAL.get(name, name)


def known_as(phrase: str, names: Container[str]) -> str:
    """Which of `names` a phrase means, '' where none: by synonym, or as the plural of one."""
    for name in _meanings(_without(plain(phrase), (*LEADING, *OWNERS))):
        if name in names:
            return name
    return ""


def is_loose(phrase: str) -> bool:
    """Whether the name a phrase stands for says less, or other, than the phrase."""
    return any(form in LOOSE for form in _forms(plain(phrase)))


def _meanings(name: str) -> Iterator[str]:
    for form in _forms(name):
        yield form
        yield CANONICAL.get(form, form)
        yield COMMON.get(form, form)


def _forms(name: str) -> Iterator[str]:
    """The name, then what it could be the plural of."""
    yield name
    for ending, single in ENDINGS:
        if name.endswith(ending):
            yield name.removesuffix(ending) + single


def _without(name: str, words: tuple[str, ...]) -> str:
    for _ in range(3):
        name = next((name.removeprefix(word) for word in words if name.startswith(word)), name)
    return name
