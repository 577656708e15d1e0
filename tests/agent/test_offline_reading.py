"""Worked phrasings about what is written: lists, prices, cards, tables, labels, lines, codes."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
from agent_pictures import boards, codes, menu, poster, receipt
from looking_pictures import notice, tilted
from reading_pictures import card, ferries, parcel
from skimage import data

from agent import Agent


def page() -> np.ndarray:
    """A photograph of a printed page."""
    return np.repeat(np.asarray(data.page())[..., None], 3, axis=2)


PICTURES: dict[str, Callable[[], np.ndarray]] = {
    "boards": boards, "card": card, "codes": codes, "ferries": ferries,
    "menu": menu, "notice": notice, "page": page, "parcel": parcel, "poster": poster,
    "receipt": receipt, "tilted": tilted,
}  # fmt: skip


CITE = r"(?: \[[^\]]+\])?"
"""A cite may stand between a name and what is said of it."""

# picture, question, what the whole answer must be
TABLE = [
    # a receipt: facts, comparisons, sums
    ("receipt", "What time was it printed?", r'.*"?Time 09:41"?.*'),
    ("receipt", "What's the address of the bakery?", rf".*14 Quay Street, Leith{CITE}\."),
    ("receipt", "Which items cost more than 3?", rf"Rye Loaf{CITE}: 4\.20 and Filter Coffee{CITE}: 3\.10\."),
    ("receipt", "What's the average price of the items?", r".*\b3\.00\."),
    ("receipt", "What does the last line say?", rf'It reads "THANK YOU FOR YOUR VISIT"{CITE}\.'),
    # a menu: its sections and what they hold
    ("menu", "What sections does the menu have?", rf'The sections are "SOUPS", "SALADS"{CITE}\.'),
    ("menu", "What is the most expensive dish?", rf"Crab Salad{CITE}: 9\.40\."),
    ("menu", "Which soups cost less than 6?", rf"Leek Soup{CITE}: 5\.50 and Pea Soup{CITE}: 5\.00\."),
    ("menu", "List all the salads", rf"Beet Salad, Bean Salad, Egg Salad, Crab Salad{CITE}\."),
    ("menu", "How much more is the fish soup than the pea soup?", r".*7\.25.*5\.00.*\b2\.25\."),
    ("menu", "Do they serve crab salad?", r"Yes\b.*Crab Salad.*"),
    # rules
    ("poster", "What is the last rule?", rf'It reads "(?:4\. )?Children need an adult"{CITE}\.'),
    ("poster", "Read the third rule", rf'It reads "(?:3\. )?No glass bottles"{CITE}\.'),
    ("poster", "Is running allowed?", r"No\b.*No running.*"),
    ("poster", "Who needs an adult?", rf'It reads "(?:4\. )?Children need an adult"{CITE}\.'),
    ("poster", 'How many times does the word "No" appear?', r".*\b2\."),
    # a business card
    ("card", "What is the name of the company?", rf'The company is "Harrow & Daughters Ltd"{CITE}\.'),
    ("card", "What is her phone number?", r"[^0-9]*(?:\[[^\]]+\])?[^0-9]*\+44 20 7946 0958\W*"),
    # a ruled table
    ("ferries", "When does the ferry to Ullapool depart?", r".*\b11:05\W*"),
    ("ferries", "Which ferry is the cheapest?", r"Mallaig\b.*11\.20\."),
    ("ferries", "How many rows does the table have?", r".*: 4\."),
    # a parcel
    ("parcel", "How heavy is the parcel?", r".*\b2\.4 kg.*"),
    ("parcel", "What is the ship date?", r".*\b12 May 2024.*"),
    ("parcel", "What does the barcode say?", rf'The Code 128 contains "PX-40718-GB"{CITE}\.'),
    ("parcel", "Which kind of barcode is it?", rf"It is a Code 128{CITE}\."),
    ("codes", "What does the code on the right contain?", r'The EAN-13 contains "4006381333931".*'),
    # lines and colours of lettering
    ("notice", "Read the yellow text", rf'It reads "LIBRARY CLOSED"{CITE}\.'),
    ("notice", "What is on the second line?", rf'It reads "Monday to Friday"{CITE}\.'),
    ("notice", "How many lines of text are there?", r"4 lines .*"),
    ("notice", "Which door should I use?", rf'It reads "Please use the side door"{CITE}\.'),
    ("tilted", "What does the sign say?", rf'It reads "FIRE EXIT"{CITE}\.'),
    ("boards", "List all the signs", rf'It reads "HEATHER LANE", "MARKET SQUARE", "NO ENTRY"{CITE}\.'),
    # photographs
    ("page", 'Does the word "segmentation" appear in the text?', r"Yes\b.*segmentation.*"),
    ("page", 'Does the word "giraffe" appear in the text?', r"No\b.*"),
]  # fmt: skip


@pytest.mark.parametrize(("picture", "question", "pattern"), TABLE)
def test_what_is_written(agent: Agent, picture: str, question: str, pattern: str) -> None:
    answer = agent.ask(question, [PICTURES[picture]()])
    assert answer.status == "answered", answer.text
    assert re.fullmatch(pattern, answer.text, re.DOTALL), answer.text
    assert not answer.unsupported
    assert answer.images == ()


def test_the_box_of_a_word_lies_around_it(agent: Agent) -> None:
    answer = agent.ask('Where is the word "adult"?', [poster()])
    x1, y1, x2, y2 = (int(n) for n in re.findall(r"\d+", answer.text)[:4])
    assert 60 <= x1 < x2 <= 500
    assert 395 <= y1 < y2 <= 450
