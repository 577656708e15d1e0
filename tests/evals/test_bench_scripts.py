"""Simulated scripts on the host's own account: its rule of leaving, others, and the exact optimum."""

from __future__ import annotations

from collections import Counter
from itertools import product

import pytest

from evals.bench import pool_scripts
from tools.ledger import Ledger

SIZES = {
    "dfine-large": 700, "grounding-dino-tiny": 2000, "sam2-large": 1700,
    "depth-anything-small": 400, "florence2-large-ft": 2700, "qwen3-vl-2b": 6015,
    "qwen3-vl-4b": 10845, "sd15-inpaint": 4200,
}  # fmt: skip
"""Megabytes, as the catalogue declared them when the rule was chosen."""
WHOLE = sum(SIZES.values())


def fewest(asked, sizes, budget, declared):
    """By trying everything: after each call any set that holds the model and fits."""
    best, known = {(): 0}, set()
    for name in asked:
        more = max(0, declared[name] - sizes[name]) if name not in known else 0
        known.add(name)
        after = {}
        for held, loads in best.items():
            fresh = name not in held
            for mask in product((0, 1), repeat=len(held)):
                kept = {h for h, m in zip(held, mask, strict=True) if m} | {name}
                if sum(sizes[k] for k in kept) + more * fresh <= budget:
                    key = tuple(sorted(kept))
                    after[key] = min(loads + fresh, after.get(key, loads + fresh))
        best = after
    return min(best.values())


@pytest.mark.parametrize("budget", [6, 7, 9, 12])
@pytest.mark.parametrize("larger", [0, 1])
def test_the_optimum_is_the_fewest_loads_of_all_ways(budget, larger, rng):
    sizes = {"a": 1, "b": 2, "c": 3, "d": 5}
    declared = {name: mb + larger for name, mb in sizes.items()}
    asked = [str(name) for name in rng.choice(list(sizes), 30)]
    want = fewest(asked, sizes, budget, declared)
    assert pool_scripts.optimum(asked, sizes, budget, declared) == want


def test_what_is_declared_too_large_costs_the_optimum_a_load():
    asked = ["a", "b", "a"]
    sizes = {"a": 1.0, "b": 1.0}
    assert pool_scripts.optimum(asked, sizes, 2) == 2
    assert pool_scripts.optimum(asked, sizes, 2, {"a": 1.0, "b": 2.0}) == 3


@pytest.fixture(scope="module", params=[0.4, 0.5, 0.6])
def totals(request):
    """Reloads of every rule by kind of script, all seeds together, and of each script."""
    whole = {kind: Counter() for kind in pool_scripts.KINDS}
    single = {}
    for kind in whole:
        for seed in pool_scripts.SEEDS:
            counts = pool_scripts.reloads(kind, seed, SIZES, request.param * WHOLE)
            single[kind, seed] = counts
            whole[kind].update(counts)
    return whole, single


@pytest.mark.parametrize("kind", pool_scripts.KINDS)
def test_models_come_back_little_more_often_than_they_must(totals, kind):
    counts = totals[0][kind]
    assert 0 < counts["optimum"] <= counts["the host's"] <= 1.5 * counts["optimum"]


def test_the_host_does_better_than_rules_that_do_not_learn_what_follows(totals):
    whole = sum(totals[0].values(), Counter())
    assert whole["the host's"] < 0.95 * whole["longest unused"]
    assert whole["the host's"] <= whole["greedy-dual"]


def test_no_rule_beats_the_optimum(totals):
    for counts in totals[1].values():
        assert counts["optimum"] == min(counts.values())


def test_kinds_of_scripts_differ_and_come_again():
    for kind in pool_scripts.KINDS:
        first = pool_scripts.script(seed=1, kind=kind)
        assert first == pool_scripts.script(seed=1, kind=kind)
        assert first != pool_scripts.script(seed=2, kind=kind)
        assert len(first) == pool_scripts.CALLS
        assert len(pool_scripts.script(999, kind=kind)) == 999
    assert len({tuple(pool_scripts.script(kind=kind)) for kind in pool_scripts.KINDS}) == 3


def test_a_model_that_turns_out_larger_makes_others_leave():
    sizes, declared = {"a": 3.0, "b": 3.0}, {"a": 1.0, "b": 1.0}
    assert pool_scripts.loads("abab", sizes, Ledger(4), declared) == 4
    assert pool_scripts.loads("abab", declared, Ledger(4)) == 2
