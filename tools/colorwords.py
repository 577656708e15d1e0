"""Names of colours: what people would call a pixel, and which pixel a word means.

The eleven basic terms of Berlin and Kay (1969) and a few finer words. A colour takes the name of
the nearest prototype by the CIE94 distance in CIELAB (D65); the prototypes were condensed (nearest
neighbour condensing, then pruned by hand) from the about 400 colours of the XKCD colour survey
(Munroe 2010, CC0) whose names end in one of these words. Near the grey axis lightness alone decides.
``rgb_of`` goes the other way by the CSS names. Silver and ginger are understood but never given:
a flat patch of silver is grey. Knows nothing of pictures as artefacts, tools or models.
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import ImageColor

from tools.errors import BadArguments

Real = NDArray[np.float64]

PROTOTYPES: dict[str, str] = {
    "black": "000000",
    "white": "ffffff",
    "grey": "3c4142 929591",
    "red": "840000 aa2704 e50000 fe2f4a a24857",
    "orange": "c14a09 f97306 ffa756",
    "yellow": "fec615 ffff14 fffd78",
    "green": "014600 5c8b15 15b01a 94b21c a0bf16 a6c875 b0ff9d 90e4c1 3f6b4a 00312a 0b3d2e",
    "blue": "000085 0a437a 0343df 8f99fb acc2d9 98eff9 cafffb 5a86ad",
    "purple": "36013f 7e1e9c a55af4 a66fb5 c071fe 6a4c7d",
    "pink": "cb0162 ff0490 c77986 ff796c ff81c0 ffd1df",
    "brown": "653700 8b3103 b27a01 ad8150 3d1c02 d1b26f",
    "cyan": "00ffff acfffc",
    "turquoise": "06c2ac a5fbd5",
    "teal": "029386 014d4e",
    "gold": "dbb40c",
    "beige": "e6daa6 f5e6d0",
    "cream": "ffffc2",
    "maroon": "650021 3c0008",
    "navy": "01153e 00004d",
    "olive": "6e750e 373e02",
    "lilac": "966ebd c760ff cea2fd eecffe",
    "magenta": "c20078 ed0dd9",
}
"""Names and the colours (hex sRGB) they were given to."""

FAMILIES: dict[str, tuple[str, ...]] = {
    "cyan": ("blue",), "turquoise": ("blue", "green"), "teal": ("green", "blue"),
    "gold": ("yellow", "orange"), "beige": ("brown", "white", "yellow"),
    "cream": ("white", "yellow"), "maroon": ("red", "brown", "purple"), "navy": ("blue",),
    "olive": ("green",), "lilac": ("purple",), "magenta": ("pink", "purple"),
    "silver": ("grey", "white"), "ginger": ("orange", "brown"), "tan": ("brown", "beige"),
    "salmon": ("pink", "orange"), "mustard": ("yellow", "brown"), "khaki": ("green", "brown"),
}  # fmt: skip
"""Which basic terms a finer word may also be called by, the likeliest first."""

SYNONYMS: dict[str, str] = {
    "gray": "grey", "golden": "gold", "violet": "purple", "lavender": "lilac", "mauve": "lilac",
    "indigo": "blue", "crimson": "red", "scarlet": "red", "ruby": "red", "burgundy": "maroon",
    "wine": "maroon", "rose": "pink", "fuchsia": "magenta", "aqua": "cyan", "azure": "blue",
    "mint": "green", "lime": "green", "emerald": "green", "amber": "orange", "peach": "beige",
    "ivory": "cream", "chocolate": "brown", "bronze": "brown", "charcoal": "grey",
    "ebony": "black", "blond": "gold", "blonde": "gold", "coral": "salmon", "rust": "ginger",
    "copper": "ginger", "auburn": "ginger", "sand": "tan", "reddish": "red", "greenish": "green",
    "bluish": "blue", "yellowish": "yellow", "purplish": "purple", "pinkish": "pink",
    "brownish": "brown", "greyish": "grey", "grayish": "grey", "whitish": "white",
    "blackish": "black", "orangish": "orange",
}  # fmt: skip

EXACT: dict[str, str] = {
    "brown": "964b00", "gray": "808080", "grey": "808080", "ginger": "b06500", "lilac": "c8a2c8", "cream": "fffdd0",
    "mustard": "ffdb58", "burgundy": "800020", "golden": "ffd700", "rose": "ff007f",
    "mint": "98ff98", "amber": "ffbf00", "charcoal": "36454f", "mauve": "e0b0ff",
    "peach": "ffe5b4", "ruby": "e0115f", "emerald": "50c878", "wine": "722f37",
    "bronze": "cd7f32", "copper": "b87333", "rust": "b7410e", "sand": "c2b280",
    "blond": "faf0be", "blonde": "faf0be", "sky": "87ceeb",
}  # fmt: skip
"""Words CSS lacks (or means otherwise), hex sRGB."""

SECOND_COUSIN = 0.6
"""How well a colour fits the second of its families."""
_AQUA = {"cyan", "turquoise", "teal"}
_SHADES = {"light": 0.45, "pale": 0.6, "pastel": 0.5, "dark": -0.45, "deep": -0.35}
_PLAIN_WORDS = ("bright", "vivid", "pure", "medium", "solid", "plain", "neon", "strong")


def lab(rgb: ArrayLike) -> Real:
    """Colours (..., 3), sRGB 0..255, to CIELAB (D65)."""
    c = np.asarray(rgb, np.float64) / 255
    c = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
         [0.0193339, 0.1191920, 0.9503041]]
    )  # fmt: skip
    xyz = c @ to_xyz.T / np.array([0.95047, 1.0, 1.08883])
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    parts = [116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])]
    return np.stack(parts, axis=-1)


@cache
def _prototypes() -> tuple[tuple[str, ...], Real]:
    pairs = [(name, code) for name, codes in PROTOTYPES.items() for code in codes.split()]
    rgb = np.array([list(bytes.fromhex(code)) for _, code in pairs])
    return tuple(name for name, _ in pairs), lab(rgb)


def _distances(colours: Real) -> Real:
    """(n, p) CIE94 distances from Lab colours to the prototypes; lightness counts for less."""
    a, b = colours[:, None], _prototypes()[1][None]
    chroma_a, chroma_b = np.hypot(a[..., 1], a[..., 2]), np.hypot(b[..., 1], b[..., 2])
    mean = np.sqrt(chroma_a * chroma_b)
    light, chroma = a[..., 0] - b[..., 0], chroma_a - chroma_b
    hue = np.maximum((a[..., 1] - b[..., 1]) ** 2 + (a[..., 2] - b[..., 2]) ** 2 - chroma**2, 0)
    scaled = (light / 1.6) ** 2 + (chroma / (1 + 0.045 * mean)) ** 2 + hue / (1 + 0.015 * mean) ** 2
    return np.asarray(np.sqrt(scaled))


NAMES: tuple[str, ...] = tuple(PROTOTYPES)
"""Every name that ``name_of`` and ``share`` can give."""


def _name_rows(rgb: ArrayLike) -> NDArray[np.int64]:
    """(n,) rows of ``NAMES`` for (n, 3) colours."""
    colours = lab(np.asarray(rgb).reshape(-1, 3))
    owner = np.array([NAMES.index(name) for name in _prototypes()[0]])
    rows = owner[_distances(colours).argmin(axis=1)]
    light, chroma = colours[:, 0], np.hypot(colours[:, 1], colours[:, 2])
    neutral = np.where(light < 22, "black", np.where(light > 88, "white", "grey"))
    # Dark pixels need more chroma before anybody sees a hue in them.
    grey = (chroma < 8) | ((light < 22) & (chroma < 13)) | ((light < 5) & (chroma < 30))
    known = np.array([NAMES.index(name) for name in neutral])
    return np.where(grey, known, rows)


_STEPS = 32


@cache
def _table() -> NDArray[np.uint8]:
    """Row of ``NAMES`` for every colour cut to five bits a channel."""
    axis = np.linspace(0, 255, _STEPS)
    cube = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1)
    return _name_rows(cube).astype(np.uint8)


def _bins(pixels: ArrayLike) -> NDArray[np.int64]:
    cut = np.asarray(pixels).reshape(-1, 3).astype(np.int64) >> 3
    return np.asarray((cut[:, 0] * _STEPS + cut[:, 1]) * _STEPS + cut[:, 2])


def name_of(rgb: ArrayLike) -> str:
    """The name of one colour, sRGB 0..255."""
    return NAMES[int(_name_rows(rgb)[0])]


def share(pixels: ArrayLike) -> list[tuple[str, float]]:
    """Names and their shares over pixels (..., 3), the largest first."""
    rows = _table()[_bins(pixels)]
    if not len(rows):
        return []
    counts = np.bincount(rows, minlength=len(NAMES)) / len(rows)
    order = np.argsort(-counts, kind="stable")
    return [(NAMES[i], float(counts[i])) for i in order if counts[i] > 0]


def canonical(word: str) -> str:
    """The word under which a colour is known here; modifiers like "light" are left out."""
    last = word.lower().replace("-", " ").replace("coloured", "").replace("colored", "").split()
    known = {*NAMES, *FAMILIES}
    for part in reversed(last):
        part = SYNONYMS.get(part, part)
        if part in known:
            return part
    return last[-1] if last else ""


def is_color(word: str) -> bool:
    """Whether the word, or the last part of it, names a colour."""
    return canonical(word) in {*NAMES, *FAMILIES}


def basic_of(word: str) -> str:
    """The basic term for a colour word: navy is blue, lilac is purple."""
    name = canonical(word)
    return FAMILIES[name][0] if name in FAMILIES else name


def matches(name: str, wanted: str) -> bool:
    """Whether something called `name` may be meant by `wanted` (or the other way round)."""
    a, b = canonical(name), canonical(wanted)
    if a == b:
        return True
    families_a, families_b = FAMILIES.get(a, (a,)), FAMILIES.get(b, (b,))
    if a in FAMILIES and b in FAMILIES:
        return families_a[0] == families_b[0] or {a, b} <= _AQUA
    return bool(set(families_a) & set(families_b))


def _fit(name: str, wanted: str) -> float:
    """1 for the colour itself and its nearest kin, less for a second cousin: teal as blue."""
    if not matches(name, wanted):
        return 0.0
    return 1.0 if name == wanted or basic_of(name) == basic_of(wanted) else SECOND_COUSIN


@cache
def _likeness_table(wanted: str) -> Real:
    names, _ = _prototypes()
    axis = np.linspace(0, 255, _STEPS)
    cube = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    fits = np.array([_fit(name, wanted) for name in NAMES])
    fitting = np.array([matches(name, wanted) for name in names])
    if not fits.any():
        return np.zeros(len(cube))
    distance = _distances(lab(cube))
    behind = distance[:, fitting].min(axis=1) - distance.min(axis=1)
    by_name = fits[_table()]
    return np.where(by_name > 0, by_name, 0.5 * np.clip(1 - behind / 8, 0, 1))


def likeness(pixels: ArrayLike, wanted: str) -> Real:
    """(n,) how well each pixel fits a colour word: 1 by name, up to 0.5 when it is a near miss.

    Photographs under warm or cold light shift names; the near misses keep a shaded white or a
    dull yellow from scoring nothing.
    """
    return np.asarray(_likeness_table(canonical(wanted))[_bins(pixels)])


def rgb_of(word: str) -> tuple[int, int, int]:
    """The sRGB triple of a colour word, CSS name or ``#rrggbb``.

    Raises:
        BadArguments: nobody knows the word; near ones are given.
    """
    text = word.lower().strip()
    exact = _css("".join(text.split()))
    if exact:
        return exact
    parts = [part for part in text.replace("-", " ").split() if part not in _PLAIN_WORDS]
    shift = sum(_SHADES.get(part, 0.0) for part in parts)
    names = [part for part in parts if part not in _SHADES and part not in ("colour", "color")]
    base = _css("".join(names)) or (_css(names[-1]) if names else None)
    if base is None:
        near = get_close_matches(text, [*ImageColor.colormap, *EXACT], n=3)
        raise BadArguments(
            f"{word!r} is no colour I know",
            hint=f"Did you mean {' or '.join(near)}?" if near else "Say red, navy or #ff8800",
        )
    target, amount = (255.0, shift) if shift > 0 else (0.0, -shift)
    r, g, b = (round(v + (target - v) * min(amount, 0.9)) for v in base)
    return r, g, b


def _css(word: str) -> tuple[int, int, int] | None:
    code = EXACT.get(word, "")
    try:
        r, g, b = ImageColor.getrgb(f"#{code}" if code else word)[:3]
    except ValueError:
        return None
    return r, g, b


def white_balanced(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pixels with the cast of the light taken out (shades of grey, Finlayson 2004, norm 6)."""
    values = pixels.astype(np.float32) / 255
    light = np.power(np.power(values.reshape(-1, 3), 6).mean(axis=0), 1 / 6)
    gain = light.mean() / np.maximum(light, 1e-3)
    return np.asarray(np.clip(values * gain * 255 + 0.5, 0, 255), np.uint8)
