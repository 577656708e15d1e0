"""Worked phrasings: whole questions about drawn pictures, through the real agent and experts."""

from __future__ import annotations

import re

import numpy as np
import pytest
from agent_pictures import boards, codes, departures, hours, menu, notice, poster, receipt

from agent import Agent


def astronaut() -> np.ndarray:
    from skimage import data

    return np.asarray(data.astronaut())


def coins() -> np.ndarray:
    from skimage import data

    return np.repeat(np.asarray(data.coins())[..., None], 3, axis=2)


PICTURES = {
    "receipt": receipt, "boards": boards, "poster": poster, "codes": codes, "menu": menu,
    "astronaut": astronaut, "coins": coins, "departures": departures, "notice": notice, "hours": hours,
}  # fmt: skip


# picture, question, what the answer must match, status
TABLE = [
    # fields of a receipt, asked in several ways
    ("receipt", "What is the total?", r"14\.40", "answered"),
    ("receipt", "How much was it altogether?", r"14\.40", "answered"),
    ("receipt", "how much change did they get", r"5\.60", "answered"),
    ("receipt", "What was the subtotal on this bill?", r"12\.00", "answered"),
    ("receipt", "How much VAT is on the receipt?", r"2\.40", "answered"),
    ("receipt", "Which shop is this receipt from?", r"(?i)harbour bakery", "answered"),
    ("receipt", "What is the phone number?", r"0131 496 0822", "answered"),
    ("receipt", "When was this receipt printed?", r"14/03/2025", "answered"),
    ("receipt", "What's the date on it?", r"14/03/2025", "answered"),
    ("receipt", "How much is the oat scone?", r"1\.95", "answered"),
    ("receipt", "What did the rye loaf cost?", r"4\.20", "answered"),
    ("receipt", "What was the most expensive item?", r"(?i)rye loaf.*4\.20", "answered"),
    ("receipt", "Which item was the cheapest?", r"(?i)oat scone", "answered"),
    ("receipt", "How many items are on the receipt?", r"\b4\b", "answered"),
    ("receipt", "What do two cinnamon buns and a filter coffee cost together?", r"8\.60", "answered"),
    ("receipt", "I buy three rye loaves. What do I have to pay?", r"12\.60", "answered"),
    ("receipt", "Crop the total and zoom it x3", r"Cut out 1 total.*Enlarged the picture 3 times", "answered"),
    ("receipt", "Black out the phone number", r"Blacked out 1 phone number.*The new picture .* is 560×860 px", "answered"),
    ("receipt", "Is there a QR code on it?", r"^No\b", "answered"),
    # boards told apart by colour and place
    ("boards", "What does the yellow sign say?", r'"HEATHER LANE"', "answered"),
    ("boards", "What is written on the blue sign?", r'"MARKET SQUARE"', "answered"),
    ("boards", "Read the sign on the left", r"HEATHER", "answered"),
    ("boards", "Which street name is on the yellow board?", r"HEATHER LANE", "answered"),
    ("boards", "What does the white sign forbid?", r"NO ENTRY", "answered"),
    ("boards", "What is written at the bottom?", r"NO ENTRY", "answered"),
    ("boards", "What colour is the sign that says market square?", r"(?i)\b(blue|navy)\b", "answered"),
    ("boards", "What colour are the letters of the no entry sign?", r"(?i)\b(red|maroon|crimson)\b", "answered"),
    ("boards", 'Does any sign say "no entry"?', r"^Yes\b", "answered"),
    ("boards", 'Is there a sign that says "exit"?', r"^No\b", "answered"),
    ("boards", "Where is the yellow sign?", r"^\d+, \d+, \d+, \d+", "answered"),
    ("boards", "Make this black and white, please", r"Made the picture black and white", "answered"),
    ("boards", "rotate it 90 degrees anticlockwise", r"640×1000", "answered"),
    ("boards", "Scale the picture to 500 px wide", r"500×320", "answered"),
    ("boards", "How big is this picture?", r"1000 .*640", "answered"),
    # a poster: heading, list, e-mail
    ("poster", "What is the heading?", r'"Pool Rules"', "answered"),
    ("poster", "How many rules are on the poster?", r"\b4\b", "answered"),
    ("poster", "What is the e-mail address?", r"pool@leith\.example\.org", "answered"),
    ("poster", "Read rule number 2", r"No running", "answered"),
    ("poster", "blur every e-mail address and the title", r"Blurred 1 e-mail address .* and 1 title", "answered"),
    # codes
    ("codes", "Where does the QR code lead?", r"https://ocelli\.example/eyes", "answered"),
    ("codes", "What is the barcode number?", r"4006381333931", "answered"),
    ("codes", "How many codes are there?", r"\b2\b", "answered"),
    ("codes", "Is the QR code left or right of the barcode?", r"left", "answered"),
    ("codes", "cut out the barcode", r"Cut out 1 barcode", "answered"),
    # a menu
    ("menu", "How many soups are on the menu?", r"\b3\b", "answered"),
    ("menu", "What does the crab salad cost?", r"9\.40", "answered"),
    ("menu", "Which salad is the cheapest?", r"(?i)egg salad", "answered"),
    ("menu", "How much are one pea soup and two beet salads?", r"18\.60", "answered"),
    ("menu", "Is there any pizza?", r'^No: I find no "pizza"', "answered"),
    ("menu", "I'd like the pea soup and the egg salad. What will that cost me?", r"is \d+\.\d\d\.$", "answered"),
    # rows of a board by their conditions
    ("departures", "Which coaches are on time?", r'"09:05 Durham 2 On time", "09:50 Berwick 3 On time"', "answered"),
    ("departures", "How many coaches leave from platform 2?", r": 2\.$", "answered"),
    ("departures", "What platform does the coach to Berwick leave from?", r": 3\.$", "answered"),
    ("departures", "How late is the 09:20?", r": 12 min\.$", "answered"),
    # running text by its sentences
    ("notice", "What is the second sentence?", r'"A fitter has to change the old cable\."', "answered"),
    ("notice", "What are the first two words of the last sentence?", r'"Joan Petrie"|"Do not"', "answered"),
    ("notice", "When will the lift be out of order?", r"Tuesday 6 May between 8 am and 2 pm\.", "answered"),
    ("notice", "How long will the lift be out of order?", r"between 8 am and 2 pm\.", "answered"),
    ("notice", "Where is the word Friday?", r'^I find no text "friday"', "answered"),
    # hours with points in them
    ("hours", "When does it open on a Thursday?", r"11\.00", "answered"),
    ("hours", "Until what time are they open on Saturday?", r": 12\.30\.$", "answered"),
    ("hours", "Which days is the library closed?", r"Monday and Sunday", "answered"),
    ("hours", "Are they open on Sundays?", r"^No\b", "answered"),
    # what is not there
    ("boards", "Is there a hospital sign?", r'^No: I find no sign that says "hospital"', "answered"),
    ("boards", "What does the purple sign say?", r"^I find no purple sign", "answered"),
    ("boards", "What is the yellow sign saying?", r'"HEATHER LANE"', "answered"),
    ("receipt", "What was the tip?", r"^I find no line that gives the tip", "answered"),
    ("receipt", "What is the batch number?", r"^I find no batch number", "answered"),
    ("receipt", "Split the total between 4 people, how much does each pay?", r"pays 3\.60\.$", "answered"),
    ("receipt", "How much would it have been without tax?", r"12\.00", "answered"),
    ("receipt", "What are the date and the total?", r"14/03/2025.*14\.40", "answered"),
    # faces and things
    ("astronaut", "How many faces are there?", r"There is 1 face", "answered"),
    ("astronaut", "Blur her face", r"Blurred 1 face", "answered"),
    ("astronaut", "Put a green circle around the face", r"Drew a green circle around 1 face", "answered"),
    ("astronaut", "Is there anybody's face in the picture?", r"^Yes\b", "answered"),
    ("astronaut", "what share of the picture does the face cover?", r"%", "answered"),
    ("astronaut", "What are the main colours of this picture?", r"(grey|gray|orange|black)", "answered"),
    ("astronaut", "What colour is the background?", r"^I cannot tell the background from the rest", "answered"),
    ("receipt", "What colour is the background?", r"^The main colours are white", "answered"),
    ("astronaut", "Is this picture blurry?", r"^No\b", "answered"),
    ("coins", "How many coins can you see?", r"There are 24 coins", "answered"),
    ("coins", "Which coin is the largest?", r"^\d+, \d+, \d+, \d+", "answered"),
    ("coins", "Number the coins", r"Numbered 24 coins", "answered"),
    # what nothing here can do
    ("astronaut", "What is she wearing?", r"ocelli (?:doctor|models pull)", "cannot"),
    ("astronaut", "Describe this photo.", r"`caption`.*ocelli (?:doctor|models pull)", "cannot"),
    ("astronaut", "How many helmets are there?", r"'helmets?'.*`detect`", "cannot"),
    ("astronaut", "Cut out the rocket", r"'rocket'.*`detect`", "cannot"),
    ("coins", "What colour is the balloon?", r"'balloon'", "cannot"),
    ("coins", "Describe this photo. Does it look nice?", r"^[^`]*`caption`[^`]*`ocelli [a-z -]+`[^`]*$", "cannot"),
    ("boards", "Replace the sky by a sunset", r"ocelli (?:doctor|models pull)", "cannot"),
]  # fmt: skip


@pytest.mark.parametrize(("picture", "question", "pattern", "status"), TABLE)
def test_phrasing(agent: Agent, picture: str, question: str, pattern: str, status: str) -> None:
    answer = agent.ask(question, [PICTURES[picture]()], session=f"phrases-{picture}")
    assert answer.status == status, answer.text
    assert re.search(pattern, answer.text), answer.text


def test_a_follow_up_asks_for_another_dish(agent: Agent) -> None:
    first = agent.ask("What does the crab salad cost?", [menu()], session="another")
    assert "9.40" in first.text
    then = agent.ask("And the egg salad?", session="another")
    assert "egg salad" in then.text.lower()
    assert "9.40" not in then.text


def test_every_quote_and_count_of_the_answers_has_a_witness(agent: Agent) -> None:
    answer = agent.ask("What does the blue sign say?", [boards()], session="witness")
    assert answer.evidence
    assert any("MARKET SQUARE" in (e.text or e.label) for e in answer.evidence)
    assert all(e.box is None or e.box[0] < e.box[2] for e in answer.evidence)
