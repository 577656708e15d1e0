import pytest

from agent.names import same_name, same_text, singular


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("face", "faces", True),
        ("face", "human face", True),  # a synonym
        ("people", "person", True),  # an irregular plural
        ("red mug", "mug", True),  # one refines the other
        ("red mug", "blue mug", False),
        ("mug", "cup", True),
        ("big red car", "red automobile", True),
        ("person", "face", False),
        ("dog", "hot dog stand", False),
        ("region", "dog", True),  # says nothing
        ("box 2", "dog", True),
        ("class", "clas", False),  # no plural
    ],
)
def test_names_of_one_thing_agree(first: str, second: str, same: bool) -> None:
    assert same_name(first, second) is same
    assert same_name(second, first) is same


@pytest.mark.parametrize(
    ("word", "one"),
    [("boxes", "box"), ("cities", "city"), ("glass", "glass"), ("bus", "bus"), ("dogs", "dog")],
)
def test_singular(word: str, one: str) -> None:
    assert singular(word) == one


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("TOTAL 12.50", "Total 12.5O", True),  # a letter misread
        ("STOP", "S T O P", True),
        ("STOP", "SHOP HERE", False),
    ],
)
def test_readings_of_one_text_agree(first: str, second: str, same: bool) -> None:
    assert same_text(first, second) is same
