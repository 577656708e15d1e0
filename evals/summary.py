"""What the records of an evaluation come to: accuracy with its uncertainty, and where it is lost.

A pure function of the records. Knows nothing of files, agents or scoring.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from statistics import fmean, median
from typing import Any

from evals.results import Record

Z95 = 1.959963984540054
"""Standard normal quantile of a two-sided 95 % interval."""


def wilson(mean: float, n: int) -> tuple[float, float]:
    """The 95 % Wilson interval of a share `mean` of `n`; (0, 1) where there is nothing."""
    if not n:
        return 0.0, 1.0
    spread = Z95**2 / n
    middle = (mean + spread / 2) / (1 + spread)
    half = Z95 / (1 + spread) * math.sqrt(mean * (1 - mean) / n + spread / (4 * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def summarise(records: Sequence[Record]) -> dict[str, Any]:
    """Counts, accuracy with its interval, and the same by ability, tier and type of answer."""
    seconds = [r.seconds for r in records]
    return {
        **_share(records),
        "right": sum(r.score >= 1 for r in records),
        "failed": sum(r.status == "failed" for r in records),
        "cannot": sum(r.status == "cannot" for r in records),
        "by_need": _by(records, lambda r: r.needs),
        "by_tier": _by(records, lambda r: (r.tier,) if r.tier else ()),
        "by_type": _by(records, lambda r: (r.answer_type,) if r.answer_type else ()),
        "seconds": {
            "total": round(sum(seconds), 3),
            "mean": round(fmean(seconds), 3) if seconds else 0.0,
            "median": round(median(seconds), 3) if seconds else 0.0,
            "max": round(max(seconds, default=0.0), 3),
        },
        "llm_calls": sum(r.llm_calls for r in records),
    }


def _share(records: Sequence[Record]) -> dict[str, Any]:
    accuracy = fmean(r.score for r in records) if records else 0.0
    low, high = wilson(accuracy, len(records))
    return {
        "n": len(records),
        "accuracy": round(accuracy, 4),
        "ci95": [round(low, 4), round(high, 4)],
    }


def _by(
    records: Sequence[Record], keys: Callable[[Record], Iterable[str]]
) -> dict[str, dict[str, Any]]:
    groups: defaultdict[str, list[Record]] = defaultdict(list)
    for record in records:
        for key in dict.fromkeys(keys(record)):
            groups[key].append(record)
    return {key: _share(groups[key]) for key in sorted(groups)}
