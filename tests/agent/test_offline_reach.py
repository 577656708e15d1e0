"""Plain questions reach every neural ability: what is asked for, and real models that answer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoints import depth_anything as depth_file
from checkpoints import diffusion, eomt, florence2, got_ocr2, owlv2, sam2, siglip, swin2sr, vitpose
from PIL import Image as PilImage
from seeing_fakes import Eyes, picture, ready

from agent import Agent, Settings
from agent.answer import Answer
from tools.models import depth_anything as depth_model
from tools.models import eomt as eomt_model
from tools.models import florence2 as florence2_model
from tools.models import gligen, imagenet, pix2pix, sam2_hf, sd_control, sd_inpaint
from tools.models import got_ocr2 as got_model
from tools.models import owlv2 as owlv2_model
from tools.models import siglip as siglip_model
from tools.models import swin2sr as swin2sr_model
from tools.models import vitpose as vitpose_model

pytestmark = pytest.mark.filterwarnings("ignore")

BOX = {"boxes": [(4, 40, 24, 60)]}
CLICK = {"points": [(14, 50)]}


def called(answer: Answer) -> list[tuple[str, dict[str, Any]]]:
    """The tools of a run with their arguments, in the order in which they began."""
    lines = map(json.loads, Path(answer.trace).read_text("utf-8").splitlines())
    calls = [e["call"] for e in lines if e["type"] == "call_started"]
    return [(call["tool"], call["args"]) for call in calls]


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Answer]]:
    """Asks an agent all of whose models are declared ready and answer at once."""
    folder: Path = tmp_path_factory.mktemp("planned")
    settings = Settings(
        planner="offline",
        route="chain",
        home=folder,
        out=folder,
        remember=False,
        report=False,
    )
    with Agent(settings, catalog=ready(), host=Eyes()) as agent:

        def ask(question: str, pictures: int = 1, **more: Any) -> Answer:
            return agent.ask(question, [picture(i) for i in range(pictures)], **more)

        yield ask


# question, what is given, the tools in order, an argument of the last one that matters
PLANNED: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    # labels: zero-shot with any list
    ("Classify this as a cat or a dog", {}, "classify", {"labels": ["cat", "dog"]}),
    ("Is this a cat, a dog or a bird?", {}, "classify", {"labels": ["cat", "dog", "bird"]}),
    ("Is this picture more like a painting or a photo?", {}, "classify", {"labels": ["painting", "photo"]}),
    ("Which fits better: beach, forest or city?", {}, "classify", {"labels": ["beach", "forest", "city"]}),
    ("Is this picture indoors or outdoors?", {}, "classify", {"labels": ["indoors", "outdoors"]}),
    ("Is the dog a puppy or an adult?", {}, "detect classify", {"labels": ["puppy", "adult"]}),
    ("Is this a cat or a dog?", BOX, "classify", {"labels": ["cat", "dog"], "region": "boxes1"}),
    # tags, and classes that a model knows by itself
    ("Tag this picture", {}, "tag", {}),
    ("What are the tags?", {}, "tag", {}),
    ("Give me some keywords for this photo", {}, "tag", {}),
    ("Which category does this picture belong to?", {}, "tag", {}),
    # likeness of pictures
    ("Find pictures like this one", {"pictures": 3}, "embed embed find_similar", {"image": "img1"}),
    ("Which picture is most like the second one?", {"pictures": 3}, "embed embed find_similar", {"image": "img2"}),
    ("Search the pictures for a red car", {"pictures": 2}, "embed embed find_similar", {"text": "a red car"}),
    ('Which photo best fits "a sunny beach"?', {"pictures": 2}, "embed embed find_similar", {"text": "a sunny beach"}),
    ("Embed this picture", {}, "embed", {}),
    # detection: names, parts, people by what they wear, everything
    ("Find the dogs", {}, "detect", {"phrases": ["dog"]}),
    ("Find the handle of the cup", {}, "detect detect", {"phrases": ["handle"], "region": "boxes1"}),
    ("Find the man in the red shirt", {}, "detect", {"phrases": ["man in the red shirt"]}),
    ("Find the person with the umbrella", {}, "detect", {"phrases": ["person with the umbrella"]}),
    ("The person next to the car", {}, "detect detect pick", {"relation": "near"}),
    ("Is there a giraffe?", {}, "detect", {"phrases": ["giraffe"]}),
    # like an example
    ("Find more like this one", BOX, "detect_like", {"region": "boxes1"}),
    ("Find more like the face", {}, "detect detect_like", {"region": "boxes1"}),
    ("Are there more of these?", BOX, "detect_like", {"region": "boxes1"}),
    ("Find things like this one in the second picture", {"pictures": 2, **BOX}, "detect_like", {"image": "img1", "target": "img2"}),
    # outlines
    ("Segment everything", {}, "segment_all", {}),
    ("Label every pixel", {}, "segment_all", {}),
    ("Make a panoptic segmentation", {}, "segment_all", {}),
    ("Segment this", CLICK, "segment", {"points": "points1"}),
    ("Segment this", BOX, "segment", {"region": "boxes1"}),
    ("Segment the dogs", {}, "segment_phrase", {"phrases": ["dog"]}),
    ("Give me a mask of the cat", {}, "segment_phrase", {"phrases": ["cat"]}),
    ("Segment the person next to the car", {}, "detect detect pick segment", {}),
    # outlines and places of what a sentence only hints at
    ("Segment the thing that keeps rain off", {}, "answer_grounded segment", {"region": "boxes1"}),
    ("Find what I could sit on", {}, "answer_grounded", {}),
    ("Answer with boxes: what could I drink from?", {}, "answer_grounded", {"question": "what could i drink from?"}),
    # words for parts
    ("Describe each dog", {}, "detect describe_region", {"region": "boxes1"}),
    ("Describe this region", BOX, "describe_region", {"region": "boxes1"}),
    ("What is this?", CLICK, "segment describe_region", {"region": "masks1"}),
    ("Describe this in detail", BOX, "caption", {"region": "boxes1", "detail": "detailed"}),
    ("Caption this picture in detail", {}, "caption", {"detail": "detailed"}),
    ("Describe the picture", {}, "caption", {"detail": "short"}),
    ("Dense captions, please", {}, "dense_captions", {}),
    ("Describe all the regions", {}, "dense_captions", {}),
    # places for words
    ('Ground the sentence "a dog beside a cup"', {}, "ground", {"sentence": "a dog beside a cup"}),
    ('Which parts of the picture does "a dog beside a cup" describe?', {}, "ground", {"sentence": "a dog beside a cup"}),
    # a page as one text
    ("Turn this page into markdown", {}, "read_document", {"layout": True}),
    ("Transcribe the document", {}, "read_document", {}),
    ("What is the formula in LaTeX?", {}, "read_document", {"layout": True}),
    # bodies
    ("Show the pose of the people", {}, "detect pose control_map", {"kind": "pose"}),
    ("Draw the skeleton of the person", {}, "detect pose control_map", {"kind": "pose"}),
    ("Find the keypoints", BOX, "pose", {"people": "boxes1"}),
    ("Where is her left wrist?", {}, "detect pose", {}),
    # distance from the camera
    ("Which is nearer, the cup or the book?", {}, "detect detect gather depth compare_depth", {}),
    ("Is the cup closer than the book?", {}, "detect detect gather depth compare_depth", {}),
    ("Which dog is closest to the camera?", {}, "detect depth compare_depth", {}),
    ("How far away is the car?", {}, "detect depth compare_depth", {}),
    ("Show the depth map of this", {}, "depth control_map", {"kind": "depth"}),
    ("Estimate the depth", {}, "depth control_map", {"kind": "depth"}),
    # pictures from words, along a map that an expert makes
    ("Generate a picture of a red fox", {}, "generate", {"prompt": "a red fox"}),
    ("Draw a picture of a castle following the edges of this one", {}, "control_map generate", {"prompt": "a castle", "kind": "edges"}),
    ("Create an image of a robot that follows the lines of this picture", {}, "control_map generate", {"prompt": "a robot", "kind": "lines"}),
    ("Turn the scribble into a house", {}, "control_map generate", {"prompt": "a house", "kind": "scribble"}),
    ("Use the pose of this picture to draw a robot", {}, "detect pose control_map generate", {"prompt": "a robot", "kind": "pose"}),
    ("Make a picture of a castle with the same depth as this one", {}, "depth control_map generate", {"prompt": "a castle", "kind": "depth"}),
    ("Draw a castle using the segmentation of this picture as a guide", {}, "segment_all control_map generate", {"prompt": "a castle", "kind": "segmentation"}),
    ("Make a new picture of the same dog on a beach", {}, "generate", {"prompt": "a dog on a beach", "subject": "img1"}),
    ("Extract the edges", {}, "control_map", {"kind": "edges"}),
    # changes by a sentence, and one thing in place of another
    ("Make it look like winter", {}, "edit_by_instruction", {"instruction": "Make it look like winter"}),
    ("Restyle the picture as an oil painting", {}, "edit_by_instruction", {}),
    ("Make this wooden", BOX, "edit_by_instruction", {"region": "boxes1"}),
    ("Replace the dog with a cat", {}, "detect segment inpaint", {"prompt": "a cat"}),
    ("Turn the dog into a wolf", {}, "detect segment inpaint", {"prompt": "a wolf"}),
    ("Replace this with a flower", BOX, "inpaint", {"prompt": "a flower"}),
    ("Erase the cat", {}, "detect inpaint", {}),
    ("Upscale this 4x", {}, "upscale", {"times": "x4"}),
    ("Double the resolution", {}, "upscale", {"times": "x2"}),
    # in words, by a model that sees
    ("What is the dog doing?", {}, "vqa", {"question": "What is the dog doing?"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("question", "given", "tools", "wanted"),
    PLANNED,
    ids=[f"{q} {g or ''}" for q, g, *_ in PLANNED],
)
def test_the_question_calls(
    planned: Callable[..., Answer], question: str, given: Any, tools: str, wanted: Any
) -> None:
    answer = planned(question, **given)
    made = called(answer)
    assert sorted(name for name, _ in made) == sorted(tools.split()), answer.text
    assert made[-1][0] == tools.split()[-1]
    assert {name: made[-1][1].get(name) for name in wanted} == wanted
    assert answer.status == "answered", answer.text


# question, what is given, what must not be called
KEPT = [
    ("Tag the dog as Rex", {}, "annotate", "tag"),  # a label to draw
    ("Outline the dog in red", {}, "annotate", "segment"),
    ("Is the car red or blue?", {}, "colors", "classify"),
    ("Make it a sketch", {}, "adjust", "generate"),
    ("Make the picture darker", {}, "adjust", "edit_by_instruction"),
    ("Upscale this 3x", {}, "adjust", "upscale"),  # no network makes three
    ("How far is the dog from the cat?", {}, "measure", "depth"),
    ("What does the sign say?", {}, "read_text", "read_document"),
    ("Draw a red box around the dog", {}, "annotate", "generate"),
    ("Are these pictures similar?", {"pictures": 2}, "compare", "find_similar"),
]


@pytest.mark.parametrize(("question", "given", "tool", "other"), KEPT, ids=[k[0] for k in KEPT])
def test_plain_tools_keep_what_they_do_best(
    planned: Callable[..., Answer], question: str, given: Any, tool: str, other: str
) -> None:
    names = [name for name, _ in called(planned(question, **given))]
    assert tool in names
    assert other not in names


ABSENT = [
    ("Segment the unicorn", "no unicorn"),
    ("Replace the giraffe with a cat", "no giraffe"),
    ("Which is nearer, the cup or the giraffe?", "no giraffe"),
    ("Find the green car", "no green car"),
    ("Is there a giraffe?", "no giraffe"),
    ("Track the ball", "a film"),
    ("Find similar pictures", "the pictures to look among"),
    ("Find more like this", "draw a box"),
]


@pytest.mark.parametrize(("question", "said"), ABSENT)
def test_what_is_not_there_is_said(
    planned: Callable[..., Answer], question: str, said: str
) -> None:
    answer = planned(question)
    assert said in answer.text
    assert not answer.images


# -- real loading code, tiny weights ---------------------------------------------------------------

PROFILE = """
budget_mb = 30000
[models]
detect = ["faces-mtcnn", "haar-faces", "people", "round-things", "arrows"]
read_text = ["rapidocr"]
segment = ["sam2-tiny"]
segment_all = ["eomt-coco-large"]
inpaint = ["cv-inpaint"]
caption = ["florence2-base"]
embed = ["clip-base"]
classify = ["clip-base"]
"""


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory, hub) -> Iterator[Agent]:
    for repo, build in (
        (siglip_model.CLIP.weights, siglip.build_clip),
        (imagenet.VIT.weights, siglip.build_classes),
        (florence2_model.BASE.weights, florence2.build_florence2),
        (depth_model.SMALL.weights, depth_file.build_depth_anything),
        (vitpose_model.BASE.weights, vitpose.build_vitpose),
        (sam2_hf.TINY.weights, sam2.build_sam2),
        (eomt_model.LARGE.weights, eomt.build_eomt),
        (owlv2_model.BASE.weights, owlv2.build_owlv2),
        (got_model.REPO, got_ocr2.build_got_ocr2),
        (sd_control.SD15.repo, diffusion.build_sd),
        (gligen.REPO, diffusion.build_gligen),
        (sd_control.EDGES.parts[0], diffusion.build_control),
        (sd_control.DEPTH.parts[0], diffusion.build_control),
        (sd_control.POSE.parts[0], diffusion.build_control),
        (sd_inpaint.SD15_INPAINT, diffusion.build_sd_inpaint),
        (pix2pix.REPO, diffusion.build_pix2pix),
        (swin2sr_model.TWICE.weights, swin2sr.build_swin2sr),
    ):
        hub(repo, build)
    folder: Path = tmp_path_factory.mktemp("reach")
    (folder / "mine.toml").write_text(PROFILE)
    settings = Settings(
        planner="offline", profile=str(folder / "mine.toml"), home=folder / "home", out=folder,
        route="chain", remember=False, report=False,
    )  # fmt: skip
    with Agent(settings) as made:
        yield made


def faces() -> np.ndarray[Any, Any]:
    from skimage import data

    return np.ascontiguousarray(data.astronaut()[:256, 96:352])


FACES = {"picture": faces}
RED = {"picture": florence2.scene}
"""A red box on white; the captioner has learned what to say about it."""
MADE = "new picture"
BODY = {**FACES, "boxes": [(40, 20, 230, 250)]}

# question, picture and what is drawn, tools that must have run, what the answer says
CHAINS: list[tuple[str, dict[str, Any], str, str]] = [
    # classify, tag, embed
    ("Classify this as red, green or blue", {"picture": lambda: siglip.plain("red")}, "classify", "fits red"),
    ("What are the tags?", RED, "tag", "(?i)tag"),
    ("Embed this picture", RED, "embed", "vectors"),
    # detect (closed set), detect by example
    ("Find the face", FACES, "detect", "box of the face"),
    ("Find more like the face", FACES, "detect detect_like", "like the face"),
    # segment by phrase, by box, everything
    ("Segment the face", FACES, "detect segment", "Outlined 1 face"),
    ("Segment this", {**FACES, "points": [(130, 120)]}, "segment", "Outlined 1"),
    ("Segment everything", FACES, "segment_all", "Outlined|no segment"),
    # captions of all kinds, grounding
    ("Caption this in detail", RED, "caption", "a red box at the left"),
    ("Dense captions, please", RED, "dense_captions", "red box: "),
    ("Which parts of the picture does \"the red box\" describe?", RED, "ground", "the red box"),
    ("Describe this region", {**RED, "boxes": [(10, 16, 40, 56)]}, "describe_region", "a red thing"),
    # depth, pose
    ("How far away is the face?", FACES, "detect depth compare_depth", "face .*%"),
    ("Show the depth map", FACES, "depth control_map", MADE),
    ("Show the pose of this person", BODY, "pose control_map", "17 points"),
    # a document
    ("Turn this page into markdown", RED, "read_document", "It reads|no text"),
    # making and changing
    ("Draw a picture of a castle following the edges of this one", RED, "control_map generate", MADE),
    ("Make a picture of a castle with the depth of this one", RED, "depth control_map generate", MADE),
    ("Generate a robot with the pose of this person", BODY, "pose control_map generate", MADE),
    ("Replace the face with a flower", FACES, "detect segment inpaint", MADE),
    ("Make it look like winter", RED, "edit_by_instruction", "100×80"),
    ("Upscale this 2x", RED, "upscale", "200×160"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("question", "given", "tools", "said"), CHAINS, ids=[chain[0] for chain in CHAINS]
)
def test_the_chain_runs_with_real_models(
    agent: Agent, question: str, given: dict[str, Any], tools: str, said: str
) -> None:
    drawn = {name: value for name, value in given.items() if name != "picture"}
    answer = agent.ask(question, [given["picture"]()], **drawn)
    assert answer.status == "answered", answer.text
    assert set(tools.split()) <= {name for name, _ in called(answer)}
    assert re.search(said, answer.text), answer.text


def test_pictures_are_ranked_by_what_the_model_sees(agent: Agent) -> None:
    reds = [siglip.plain("red"), siglip.plain("blue"), siglip.plain("red")[::-1].copy()]
    answer = agent.ask("Which picture is most like the first one?", reds)
    assert answer.text.startswith("Picture 3")
    answer = agent.ask('Which picture best fits "blue"?', reds)
    assert answer.text.startswith("Picture 2")


def test_a_picture_is_made_from_words_alone(agent: Agent) -> None:
    answer = agent.ask("Draw a picture of a lighthouse at night")
    assert answer.status == "answered", answer.text
    assert [name for name, _ in called(answer)] == ["generate"]
    assert len(answer.images) == 1


def test_things_are_put_where_they_shall_stand_and_looked_for(agent: Agent) -> None:
    answer = agent.ask("Draw a picture with a face on the left and a person on the right")
    assert answer.status == "answered", answer.text
    lines = map(json.loads, Path(answer.trace).read_text("utf-8").splitlines())
    makers = [e["model"] for e in lines if e["type"] == "call_finished" and e["tool"] == "generate"]
    assert set(makers) == {"sd14-layout"}
    assert 1 <= len(makers) <= 3
    assert re.search(r"\d of 2 named things found", answer.text), answer.text
    assert len(answer.images) == 1


def test_a_folder_is_searched_for_what_is_like_a_picture(agent: Agent, tmp_path: Path) -> None:
    for color in ("red", "green", "blue"):
        PilImage.fromarray(siglip.plain(color)).save(tmp_path / f"{color}.png")
    asked = siglip.plain("blue").copy()
    asked[:2] = 0
    answer = agent.ask("Find the pictures that look like this", [asked], folder=tmp_path)
    assert answer.text.startswith("Picture 2 is most like it; in order: picture 2 (blue.png)")


def test_nothing_outside_a_replaced_thing_changes(agent: Agent) -> None:
    before = faces()
    box = (100, 60, 160, 130)
    answer = agent.ask("Replace this with a flower", [before], boxes=[box])
    after = np.asarray(PilImage.open(answer.images[0]).convert("RGB"))
    changed = (after != before).any(axis=2)
    ys, xs = np.nonzero(changed)
    margin = 8
    assert xs.min() >= box[0] - margin
    assert xs.max() <= box[2] + margin
    assert ys.min() >= box[1] - margin
    assert ys.max() <= box[3] + margin
