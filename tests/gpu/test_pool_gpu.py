"""On a card, with models of full size and random weights: the limits of the bench hold.

It takes some minutes and about 18 GB in the temporary folder.
"""

from __future__ import annotations

import pytest

from evals.bench import pool

pytestmark = [pytest.mark.gpu, pytest.mark.filterwarnings("default")]


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("there is no CUDA device")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("OCELLI_DEVICE", raising=False)
        yield tmp_path_factory.mktemp("forged")


@pytest.mark.parametrize("part", pool.PARTS)
def test_the_limits_hold(cache, part):
    rows = [row for row in pool.measure(cache, "full", [part]) if row.limit is not None]
    assert rows
    wrong = [row.cells() for row in rows if row.within is not True]
    assert not wrong
