"""Worked phrasings about what is to be seen: counts, places, sizes, colours, quality, comparisons."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
from agent_pictures import boards, codes
from looking_pictures import (
    astronaut,
    blurred,
    changed,
    coffee,
    dark,
    discs,
    grey,
    notice,
    three,
    tilted,
)

from agent import Agent

PICTURES: dict[str, Callable[[], np.ndarray]] = {
    "astronaut": astronaut, "boards": boards, "blurred": blurred, "changed": changed, "codes": codes,
    "coffee": coffee, "dark": dark, "discs": discs, "grey": grey, "notice": notice, "three": three,
    "tilted": tilted,
}  # fmt: skip


# picture, question, what the answer must match
ONE = [
    # counts, with conditions and with what cannot be told
    ("three", "Could you tell me how many people there are?", r"There are 3 people"),
    ("three", "number of women in the photo?", r"3 people.*cannot tell women from others"),
    ("three", "How many people are looking at the camera?", r"3 people.*cannot tell which of them"),
    ("discs", "How many of the dots are blue?", r"\b2\b"),
    ("discs", "How many circles are not red?", r"^3 of the 6"),
    ("discs", "How many circles are in the top half?", r"\b3\b"),
    ("codes", "How many QR codes and how many barcodes are there?", r"1 qr code.*1 barcode"),
    # whether any, more or fewer, exactly so many
    ("three", "Is there exactly one face?", r"^No.*\b3\b"),
    ("three", "Are there at least two people here?", r"^Yes.*\b3\b"),
    ("astronaut", "Is anyone in the picture?", r"^I find 1|^Yes"),
    ("coffee", "Can you see any faces?", r"^No\b"),
    ("discs", "Are there more red circles than blue ones?", r"^Yes: 3 red.* 2 blue"),
    ("discs", "Is there a circle in the top left corner?", r"^Yes"),
    ("notice", 'Does the word "Sunday" appear?', r"^No\b"),
    ("boards", "Is there a red sign?", r"^No\b"),
    ("codes", "Does it contain a Data Matrix code?", r"^No\b"),
    # where: boxes and parts of the picture
    ("discs", "Bounding box of the green circle, please", r"^(89|90|91), 3\d\d, 2[67]\d, 5[12]\d"),
    ("astronaut", "Give me the bounding box of the face as x1,y1,x2,y2", r"^\d+, \d+, \d+, \d+"),
    ("codes", "Is the QR code on the left or on the right side of the picture?", r"on the left"),
    ("discs", "Which quadrant contains the green circle?", r"bottom left"),
    ("boards", "Is the yellow sign on the right?", r"^No\b"),
    # which one, how related
    ("boards", "Which sign is below the other two?", r"NO ENTRY"),
    ("boards", "What is to the right of the yellow sign?", r"MARKET SQUARE"),
    ("boards", "Is NO ENTRY below MARKET SQUARE?", r"^Yes"),
    ("discs", "Which circle is nearest to the green one?", r"^(59|60), "),
    ("codes", "Which is further left, the QR code or the barcode?", r"^The qr code"),
    # sizes
    ("discs", "What is the diameter of the green circle?", r"\b18\d"),
    ("discs", "How many times wider is the green circle than the smallest circle?", r"^(2\.9|3)"),
    ("discs", "How far is the green circle from the left edge?", r"\b(89|90|91) px"),
    ("codes", "How large is the gap between the two codes?", r"\d px"),
    ("codes", "Do the two codes overlap?", r"^No\b"),
    ("coffee", "how many megapixels is this", r"^0\.24\b"),
    ("coffee", "Is the photo wider than tall?", r"^Yes"),
    ("tilted", "At what angle is the sign?", r"-1[3-7]"),
    # colours
    ("discs", "What colours are the circles?", r"3 red.*2 blue.*1 green"),
    ("discs", "Are all the circles red?", r"^No, 3 of the 6"),
    ("notice", "What colour are the letters of the top line?", r"(yellow|gold)"),
    ("boards", "Which sign is yellow?", r"HEATHER LANE"),
    ("boards", "Are the letters on the white sign red or black?", r"\bare red\b"),
    ("astronaut", "How much of the picture is orange?", r"^\d+% of the picture is orange"),
    # the picture as such
    ("grey", "Is this a colour photo?", r"^No\b"),
    ("blurred", "Is it sharp?", r"^No\b"),
    ("coffee", "Is this photo portrait or landscape?", r"^It is landscape"),
    ("dark", "Is this image well exposed?", r"^No, exposure: underexposed"),
    ("notice", "In which half of the picture is the word Monday?", r"top left"),
    ("astronaut", "Was the flash used?", r"does not say"),
]  # fmt: skip


@pytest.mark.parametrize(("picture", "question", "pattern"), ONE)
def test_one_picture(agent: Agent, picture: str, question: str, pattern: str) -> None:
    answer = agent.ask(question, [PICTURES[picture]()])
    assert answer.status == "answered", answer.text
    assert re.search(pattern, answer.text), answer.text


SEVERAL = [
    ("astronaut dark", "Which picture is darker?", r"^The second"),
    ("blurred astronaut", "Is the first sharper than the second?", r"^No, the second"),
    ("astronaut dark", "By how much is the second one darker?", r"\d+%"),
    ("blurred astronaut", "Which of these is blurry?", r"^The first"),
    ("astronaut grey", "Which photo is in black and white?", r"^The second"),
    ("astronaut three", "Which picture has more faces?", r"^The second"),
    ("astronaut three", "How many faces are there altogether?", r"= 4 faces"),
    ("astronaut coffee", "Do both pictures have a face in them?", r"^No: the first"),
    ("astronaut coffee codes", "Which of the three has a QR code?", r"^The third"),
    ("codes astronaut", "Which one doesn't have a face?", r"^The first"),
    ("astronaut coffee", "Are both pictures the same size?", r"^No: size"),
    ("astronaut astronaut", "Are these two pictures the same?", r"^Yes"),
    ("astronaut coffee", "Are these the same photo?", r"^No\b"),
    (
        "astronaut changed",
        "Has anything changed?",
        r"^Yes.*: 1 changed place, 3\d\d, \d+, \d+, \d+",
    ),
]


@pytest.mark.parametrize(("pictures", "question", "pattern"), SEVERAL)
def test_several_pictures(agent: Agent, pictures: str, question: str, pattern: str) -> None:
    given = [PICTURES[name]() for name in pictures.split()]
    answer = agent.ask(question, given)
    assert answer.status == "answered", answer.text
    assert re.search(pattern, answer.text), answer.text


TURNS = [
    ("discs", ("How many circles are there?", "And how many of them are red?"), r"\b3 circles"),
    ("discs", ("Where is the green circle?", "How big is it?"), r"\b18\d"),
    ("codes", ("Is there a QR code?", "Where is it?"), r"^\d+, \d+, \d+, \d+"),
    ("three", ("How many faces are there?", "Which one is the largest?"), r"^\d+, \d+, \d+, \d+"),
]


@pytest.mark.parametrize(("picture", "questions", "pattern"), TURNS)
def test_a_later_turn_knows_what_was_spoken_of(
    agent: Agent, picture: str, questions: tuple[str, str], pattern: str
) -> None:
    first, then = questions
    session = f"turns-{picture}-{len(first)}"
    agent.ask(first, [PICTURES[picture]()], session=session)
    answer = agent.ask(then, session=session)
    assert answer.status == "answered", answer.text
    assert re.search(pattern, answer.text), answer.text


CANNOT = [
    ("Is she smiling?", r"`vqa`"),
    ("How old is the woman?", r"`vqa`"),
    ("What is the man holding?", r"`vqa`"),
    ("What's the weather like?", r"`vqa`"),
    ("What breed is the dog on the right?", r"`vqa`"),
    ("Write a caption for this picture", r"`caption`"),
    ("Is the cat in front of the dog?", r"`depth`"),
    ("Are there any elephants?", r"'elephant'.*`detect`"),
    ("How far is the lion from the elephant?", r"'lion'.*`detect`"),
    ("How tall is she in metres?", r"only measure in pixels"),
]


@pytest.mark.parametrize(("question", "pattern"), CANNOT)
def test_what_only_a_neural_model_sees_is_refused_without_reading(
    agent: Agent, question: str, pattern: str
) -> None:
    answer = agent.ask(question, [astronaut()])
    assert answer.status == "cannot", answer.text
    assert re.search(pattern, answer.text), answer.text
    assert not any("read_text" in source for e in answer.evidence for source in e.sources)
