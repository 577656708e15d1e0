from typing import Any

import numpy as np
import pytest
from loop_fakes import boxes, codes, picture, spans

from agent.answer import Answer, with_names
from agent.check import Checked, check
from agent.claims import cites_of, claims
from agent.events import EntityRecord
from agent.protocol import Call, Finish, Result
from agent.scene import Scene
from tools.types import Artefact, Labels, Number, Table

IMAGE = picture(200, 100)
THINGS: dict[str, Artefact] = {
    "img1": IMAGE,
    "boxes1": boxes(IMAGE.frame, ("face", 0, 0, 20, 20), ("face", 30, 0, 50, 20)),
    "text1": spans(IMAGE.frame, ("Open daily", 60, 0, 150, 20), ("from 9 to 5", 60, 25, 150, 45)),
    "codes1": codes(IMAGE.frame, ("https://example.org/a[1]", 0, 50, 40, 90)),
    "table1": Table(("item", "price"), (("tea", "2.50"),)),
    "number1": Number(2.0, "faces", "count"),
    "boxes2": boxes(IMAGE.frame),
}


@pytest.fixture(scope="module")
def scene() -> Scene:
    found = Scene()
    for handle, artefact in THINGS.items():
        result = Result(Call(id="a", tool="detect", args={"what": "cat"}), handle, artefact)
        found = found.add(result, pictures={IMAGE.frame.root: "img1"})
    return found


def checked(scene: Scene, text: str, **fields: Any) -> Checked:
    kinds = {h: type(a) for h, a in THINGS.items()}
    finish = Finish(text=text, **{k: v for k, v in fields.items() if k != "question"})
    return check(finish, scene, kinds, get=THINGS.__getitem__, question=fields.get("question", ""))


@pytest.mark.parametrize(
    "text",
    [
        "There are 2 faces [#1 #2].",
        "There are two faces [boxes1].",
        "There are 2 faces [#1, #2].",
        "I counted 2 faces [number1].",
        'It says "Open daily" [#3].',
        'It says "open  DAILY" [#3].',
        'It says "Open daily from 9 to 5" [text1].',
        'The code holds "https://example.org/a[1]" [#5].',  # brackets in a quotation are no cite
        'Tea costs "2.50" [table1].',
        "There is no cat [boxes2].",
        "The two faces [#1 #2] are 20 px apart [#1 #2].",  # 20 px is no count of things
        'Lines:\n1. "Open daily" [#3]\n2. "from 9 to 5" [#4]',
        "The new picture is 200×100 px [img1].",
        "It grew from 100x50 to 200 x 100 px [img1].",
        "6 pizzas are listed [table1].",
        "The picture is 640 pixels wide and 427 pixels high [table1].",
        "The angle is 2 degrees [number1].",
        "I find no cat [boxes2].",
        "There are no cats [boxes2].",
        'It says "Open daily" [#3]. I cannot find a panel: that needs 1 more model. It can be added.',
        "There are 2 faces [#1 #2]. I could not name them. A model for that is missing.",
    ],
)
def test_answers_that_hold(scene: Scene, text: str) -> None:
    result = checked(scene, text)
    assert result.problems == ()
    assert result.unsupported == ()
    assert result.text == text


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("There are 3 faces [#1 #2].", '"3 faces" cites 2'),
        ("There is one face [boxes1].", "cites 2"),
        ("No faces [#1].", "cites 1"),
        ('It says "Closed today" [#3].', '"Closed today" is not what #3 says'),
        ('Tea costs "9.99" [table1].', '"9.99" is not what table1 says'),
        ("The new picture is 640×420 px [img1].", "img1 is 200×100 px"),
        ("There are 3 cats [boxes2].", '"3 cats" cites 0'),
        ("There are 5 faces [number1].", '"5 faces" cites 0'),
        ("A face [#9].", "no #9 to cite (valid: #1 to #5"),
        ("The mask [masks4].", "no masks4 to cite"),
    ],
)
def test_answers_that_do_not_hold(scene: Scene, text: str, problem: str) -> None:
    result = checked(scene, text)
    assert any(problem in p for p in result.problems), result.problems
    assert result.unsupported


@pytest.fixture(scope="module")
def coloured() -> Scene:
    """Two things with colours, three texts with numbers."""
    found = Scene()
    things = boxes(IMAGE.frame, ("car", 0, 0, 20, 20), ("dog", 30, 0, 50, 20))
    texts = spans(
        IMAGE.frame,
        ("TOTAL 12.50", 60, 0, 150, 20),
        ("Tax 2,10", 60, 25, 150, 45),
        ("Tea", 60, 50, 90, 70),
    )
    for handle, artefact in (("boxes1", things), ("text1", texts)):
        result = Result(Call(id="a", tool="detect", args={}), handle, artefact)
        found = found.add(result, pictures={IMAGE.frame.root: "img1"})
    hues = Labels(
        ("dark red", "black", "grey"), np.asarray([0.7, 0.25, 0.05], np.float32), "colours"
    )
    call = Call(id="c", tool="colors", args={"image": "img1", "region": "#1"})
    return found.add(Result(call, "labels1", hues), pictures={IMAGE.frame.root: "img1"})


def told(scene: Scene, text: str) -> Checked:
    hues = Labels(("blue", "white"), np.asarray([0.9, 0.1], np.float32), "colours")
    things = {"img1": IMAGE, "labels2": hues, "number1": Number(41.2, "px", "width"),
              "table1": THINGS["table1"], "boxes2": THINGS["boxes2"]}  # fmt: skip
    kinds = {h: type(a) for h, a in things.items()}
    return check(Finish(text=text), scene, kinds, get=things.__getitem__)


@pytest.mark.parametrize(
    "text",
    [
        "The car is red [#1].",
        "The car is crimson [#1].",  # another word for it
        "The car is dark red and black [#1].",
        "The car is maroon [#1].",
        "The dog is brown [#2].",  # nothing is known of its colour
        "The car is not blue [#1].",
        "The car is left of the blue dog [#1 #2].",
        "It is blue [labels2].",
        "The total is 12.50 [#3].",
        "The total is $12.5 [#3].",
        "The tax is 2.10 [#4].",  # a comma for a point
        "Together that is 14.60 [#3 #4].",
        "The difference is 10.40 [#3 #4].",
        "Without the tax it is 10.4 [#3 #4].",
        "The price of the tea is 3 [#5].",  # nothing to compare with
        "The car is 20 px [#1].",
        "The width is 41 px [number1].",
        "Tea costs 2.50 [table1].",
        "There is no cat [boxes2].",
        "There is no cat in the picture [boxes2].",
        "There is no dog on the left [boxes2].",
        "There is no red dog [boxes2].",
    ],
)
def test_true_colours_numbers_and_absences_hold(coloured: Scene, text: str) -> None:
    result = told(coloured, text)
    assert result.problems == ()
    assert result.unsupported == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("The car is blue [#1].", "#1 is not blue but dark red 70%, black 25%, grey 5%"),
        ("The car is grey [#1].", "#1 is not grey"),
        ("The car is red and green [#1].", "#1 is not green"),
        ("The car looks bright yellow [#1].", "#1 is not yellow"),
        ("It is red [labels2].", "labels2 is not red but blue 90%, white 10%"),
        ("The total is 21.50 [#3].", "21.50 is not in what #3 says"),
        ("The total: €15.20 [#3].", "15.20 is not in what #3 says"),
        ("The tax is 9 [#4].", "9 is not in what #4 says"),
        ("The width is 50 px [number1].", "50 is not in what number1 says"),
        ("Tea costs 3.50 [table1].", "3.50 is not in what table1 says"),
        ("There is no dog [boxes2].", '"no dog", but #2 is one'),
        ("There is no dog in the picture [boxes2].", '"no dog", but #2 is one'),
    ],
)
def test_false_colours_numbers_and_absences_are_contradicted(
    coloured: Scene, text: str, problem: str
) -> None:
    result = told(coloured, text)
    assert any(problem in p for p in result.problems), result.problems
    assert result.unsupported


@pytest.mark.parametrize(
    "text", ["There is no cat [#1].", "There is no cat.", "I see no cat in it."]
)
def test_an_absence_nobody_looked_for_is_marked(coloured: Scene, text: str) -> None:
    result = told(coloured, text)
    assert result.problems == ()
    assert len(result.unsupported) == 1


def test_unknown_cites_are_taken_out(scene: Scene) -> None:
    assert checked(scene, "A face [#1 #9] and a dog [#8].").text == "A face [#1] and a dog."


def test_a_claim_without_a_witness_is_marked(scene: Scene) -> None:
    result = checked(scene, "There is a face [#1]. It looks happy.")
    assert result.unsupported == ("It looks happy.",)
    assert result.problems == ()


def test_what_follows_an_admission_is_not_all_believed(scene: Scene) -> None:
    text = 'I cannot find it. It has 7 legs. It is said to be "tall". A face [#1]. It is happy.'
    said = ("It has 7 legs.", 'It is said to be "tall".', "It is happy.")
    assert checked(scene, text, images=("img1",)).unsupported == said[:2]
    assert checked(scene, text).unsupported == said


def test_an_unsupported_claim_is_shown_without_its_cite(scene: Scene) -> None:
    result = checked(scene, 'There are 3 "[#1]" faces [#1 #2].')
    assert result.unsupported == ('There are 3 "[#1]" faces.',)


def test_an_honest_cannot_needs_no_witness(scene: Scene) -> None:
    assert checked(scene, 'I cannot say how "deep" it is.', status="cannot").unsupported == ()


def test_an_edit_needs_no_other_witness_than_its_picture(scene: Scene) -> None:
    assert checked(scene, "Here is the picture.", images=("img1",)).unsupported == ()
    sized = "Done: cut out. The new picture is 200×100 px [img1]."
    assert checked(scene, sized, images=("img1",)).unsupported == ()
    more = checked(scene, "Here is the picture. It was a lovely day.", images=("img1",))
    assert more.unsupported == ("It was a lovely day.",)


def test_quoting_the_question_is_no_claim(scene: Scene) -> None:
    text = 'No "helmet" is there [boxes2].'
    assert checked(scene, text, question="is there a helmet?").problems == ()
    assert checked(scene, text).problems


def test_evidence_lists_what_is_cited_in_order(scene: Scene) -> None:
    result = checked(scene, "Texts [text1], a face [#2], prices [table1], no cat [boxes2].")
    assert [r.id for r in result.evidence] == ["#3", "#4", "#2", "table1", "boxes2"]
    text, _, face, table, nothing = result.evidence
    assert (text.label, text.text, text.image) == ("text", "Open daily", "img1")
    assert (face.label, face.text, face.box) == ("face", None, (30, 0, 50, 20))
    assert table.text == "table of 1 rows (item | price): tea | 2.50"
    assert nothing.label == "nothing found"
    assert nothing.text == "no 'cat' in img1 (detect, whole picture)"


def test_a_sentence_keeps_its_quotation_and_its_cite_whole() -> None:
    text = 'It reads "Hi. You." [#1]. Then 3.5 m [number1]. Done'
    assert claims(text) == ['It reads "Hi. You." [#1].', "Then 3.5 m [number1].", "Done"]


def test_cites_in_quotations_are_not_cites() -> None:
    assert cites_of('It reads "see [#4]" [#1] [a1]') == ["#1"]


def test_json_is_the_contract() -> None:
    record = EntityRecord(
        id="#1", label="face", box=(0, 0, 1, 2), score=0.5, text=None, image="a.png", sources=("d",)
    )
    text = Answer("ok", "answered", (record,), ("x.png",), "t.jsonl", steps=2, seconds=1.23456)
    assert text.to_json() == (
        '{"answer": "ok", "status": "answered", "evidence": [{"id": "#1", "label": "face", '
        '"box": [0.0, 0.0, 1.0, 2.0], "score": 0.5, "text": null, "image": "a.png", '
        '"sources": ["d"]}], "images": ["x.png"], "steps": 2, "llm_calls": 0, "seconds": 1.235, '
        '"trace": "t.jsonl"}'
    )


def test_pictures_of_one_name_are_told_apart_by_handle() -> None:
    def at(image: str) -> EntityRecord:
        return EntityRecord(
            id="#1", label="", box=None, score=None, text=None, image=image, sources=()
        )

    names = {"img1": "a.png", "img2": "b.png", "img3": "b.png"}
    named = with_names([at("img1"), at("img2"), at("img9")], names)
    assert [r.image for r in named] == ["a.png", "img2", "img9"]
