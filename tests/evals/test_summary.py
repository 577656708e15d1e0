from __future__ import annotations

import pytest

from evals.results import Record
from evals.summary import summarise, wilson


def record(name: str, score: float, status: str = "answered", **more: object) -> Record:
    return Record.model_validate(
        {"id": name, "score": score, "answer": "", "reason": "", "status": status, **more}
    )


@pytest.mark.parametrize(
    ("mean", "n", "low", "high"),
    [
        (0.5, 10, 0.2366, 0.7634),  # textbook values
        (1.0, 10, 0.7225, 1.0),
        (0.0, 10, 0.0, 0.2775),
        (0.0, 0, 0.0, 1.0),  # nothing is known
        (0.85, 48, 0.7235, 0.9245),
    ],
)
def test_wilson(mean: float, n: int, low: float, high: float) -> None:
    assert wilson(mean, n) == pytest.approx((low, high), abs=2e-4)


def test_counts_by_ability_tier_and_end() -> None:
    found = summarise([
        record("a", 1, needs=("ocr", "color"), tier="classic", seconds=1.0),
        record("b", 0, needs=("ocr", "ocr"), tier="classic", seconds=3.0),
        record("c", 0, status="cannot", tier="neural"),
        record("d", 0, status="failed", llm_calls=2),
    ])  # fmt: skip
    assert (found["n"], found["accuracy"], found["failed"], found["cannot"]) == (4, 0.25, 1, 1)
    assert found["by_need"]["ocr"]["n"] == 2
    assert found["by_need"]["ocr"]["accuracy"] == 0.5
    assert found["by_need"]["color"]["accuracy"] == 1.0
    assert list(found["by_tier"]) == ["classic", "neural"]
    assert found["seconds"]["total"] == 4.0
    assert found["llm_calls"] == 2
    low, high = found["ci95"]
    assert low < found["accuracy"] < high


def test_nothing_is_no_division_by_zero() -> None:
    found = summarise([])
    assert (found["n"], found["accuracy"], found["by_need"]) == (0, 0.0, {})
