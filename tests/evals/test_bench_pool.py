"""The bench of the pool runs at the tiny size, and its judge of reloads is exact."""

from __future__ import annotations

import json

import pytest

from evals.bench import pool, pool_mix, pool_rates, pool_scripts
from evals.bench.table import Measured, markdown

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    cache = tmp_path_factory.mktemp("forged")
    return {row.name: row for row in pool.measure(cache, "tiny", ("budget", "swap", "stop"), 40)}


def test_the_mix_keeps_the_budget_and_nobody_runs_out_of_memory(rows):
    assert rows["peak charged on the ledger"].within
    assert rows["calls that ran out of memory"].value == 0
    assert rows["calls that failed"].value == 0, rows["calls that failed"].note


def test_models_come_back_less_often_than_they_are_called_but_do(rows):
    assert 0 < rows["reloads"].value < 40


def test_what_needs_a_card_is_not_made_up(rows):
    for name in (
        "peak reserved on the card",
        "swap, card to host, of a plain copy",
        "left behind by a stopped diffusion",
    ):
        assert rows[name].value is None
        assert "no CUDA device" in rows[name].note
        assert rows[name].within is None


@pytest.mark.parametrize("what", ["diffusion", "generation"])
def test_stopped_models_look_no_more_than_twice(rows, what):
    assert rows[f"looks of a stopped {what}"].within


def test_the_table_is_written(tmp_path, rows, monkeypatch):
    monkeypatch.setattr(pool, "measure", lambda *args: list(rows.values()))
    pool.main(["--size", "tiny", "--out", str(tmp_path)])
    record = json.loads((tmp_path / "pool.json").read_text())
    assert record["about"]["size"] == "tiny"
    assert [row["name"] for row in record["rows"]] == list(rows)
    lines = (tmp_path / "pool.md").read_text().splitlines()
    assert sum(line.startswith("| ") for line in lines) == len(rows) + 2


def test_a_missed_limit_is_said_and_fails(tmp_path, monkeypatch):
    missed = Measured("x", 2.0, limit=1.0)
    monkeypatch.setattr(pool, "measure", lambda *args: [missed])
    assert pool.main(["--size", "tiny", "--out", str(tmp_path)]) == 1
    assert "MISSED" in (tmp_path / "pool.md").read_text()


def test_the_script_calls_every_model_often():
    asked = pool_scripts.script()
    assert len(asked) == pool_scripts.CALLS
    assert set(asked) == {name for names in pool_mix.ORDER.values() for name in names}


def test_limits_hold_at_the_limit():
    assert Measured("a", 0.9, limit=0.9, at_most=False).within is True
    assert Measured("a", 0.8, limit=0.9, at_most=False).within is False
    assert Measured("a", None, limit=0.9).within is None
    assert Measured("a", 1.0).within is None


def test_a_bar_in_a_cell_does_not_end_it():
    assert markdown(("a", "b"), [("x|y", "z")]).splitlines()[-1] == "| x/y | z |"


def test_the_contests_are_whole_rounds():
    for size in pool.SIDES:
        assert all(c.calls % pool_rates.CALLERS == 0 for c in pool_rates.contests(size))
