"""The store on disk: nothing changes on the way, nothing damaged is served, nothing held leaves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image as PilImage
from store_samples import assert_same, files, noise

from tools.errors import BadArguments, ConfigError, ToolFailed
from tools.store import ArtefactLost, Store
from tools.types import (
    ARTEFACTS,
    Artefact,
    Boxes,
    Clip,
    Codes,
    DepthMap,
    Embeddings,
    Frame,
    Image,
    Keypoints,
    Labels,
    Masks,
    Number,
    Points,
    Table,
    Text,
    TextSpans,
)

FRAME = Frame("ab" * 32, 40, 30)
WORDS = st.text(max_size=8) | st.sampled_from(["\ud800", "\0", "é\n\x1b[0m", "../../x"])


def reals(*shape: int, low: float = 0, high: float = 1) -> st.SearchStrategy[np.ndarray]:
    return hnp.arrays(np.float32, shape, elements=st.floats(low, high, width=32))


def names(n: int) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(WORDS, min_size=n, max_size=n).map(tuple)


@st.composite
def artefacts(draw: st.DrawFn) -> Artefact:
    """Any artefact of any kind."""
    n = draw(st.integers(0, 3))
    texts, scores = draw(names(n)), draw(reals(n))
    quads = draw(reals(n, 4, 2, high=30))
    boxes = np.concatenate([quads[:, 0], quads[:, 0] + 1], axis=1) if n else np.zeros((0, 4))
    masks = draw(hnp.arrays(np.bool_, (n, 30, 40)))
    masks[:, 0, 0] = True
    side = draw(st.sampled_from([2, 90]))  # inside the manifest, and beside it
    pixels = draw(st.integers(0, 9).map(lambda seed: noise(seed, side).pixels))
    makers: list[Callable[[], Artefact]] = [
        lambda: Image.as_root(pixels.copy(), draw(WORDS), [(draw(WORDS), draw(WORDS))]),
        lambda: Boxes(FRAME, boxes.astype(np.float32), texts, scores),
        lambda: Masks(FRAME, masks, texts, scores),
        lambda: Points(FRAME, quads[:, 0], tuple(bool(i % 2) for i in range(n))),
        lambda: TextSpans(FRAME, quads, texts, scores, draw(st.sampled_from(["line", "word"]))),
        lambda: Codes(FRAME, quads, texts, draw(names(n))),
        lambda: Keypoints(FRAME, quads, draw(reals(n, 4)), draw(names(4)), texts),
        lambda: DepthMap(FRAME, draw(reals(30, 40, high=1e6)), draw(st.booleans())),
        lambda: Labels(texts, scores, draw(WORDS)),
        lambda: Text(draw(st.text()), draw(WORDS)),
        lambda: Number(draw(st.floats(allow_nan=False, allow_infinity=False)), draw(WORDS)),
        lambda: Table(texts, (texts,), FRAME, np.full((1, n, 4), np.nan, np.float32)),
        lambda: Table(("a",), (("1",), ("2",))),
        lambda: Clip(pixels.reshape(1, *pixels.shape), draw(st.floats(1, 60))),
        lambda: Embeddings(draw(reals(n, 5)), texts, draw(WORDS)),
    ]
    return draw(st.sampled_from(makers))()


@settings(max_examples=120, deadline=None)
@given(artefacts())
def test_every_artefact_comes_back_the_same(
    tmp_path_factory: pytest.TempPathFactory, artefact: Artefact
) -> None:
    root = tmp_path_factory.getbasetemp() / "roundtrip"
    sha = Store(root).put(artefact)
    assert_same(Store(root).get(sha), artefact)
    assert Store(root).put(Store(root).get(sha)) == sha


EXAMPLES: tuple[Artefact, ...] = (
    noise(1),
    Boxes(FRAME, np.array([[1, 2, 3, 4]], np.float32), ("a",), np.ones(1, np.float32)),
    Masks(FRAME, np.ones((9, 30, 40), np.bool_), ("m",) * 9, np.ones(9, np.float32)),
    Points(FRAME, np.ones((1, 2), np.float32), (True,)),
    TextSpans(FRAME, np.ones((1, 4, 2), np.float32), ("t",), np.ones(1, np.float32)),
    Codes(FRAME, np.ones((1, 4, 2), np.float32), ("t",), ("QR Code",)),
    Keypoints(
        FRAME, np.ones((1, 2, 2), np.float32), np.ones((1, 2), np.float32), ("l", "r"), ("p",)
    ),
    DepthMap(Frame("cd" * 32, 200, 100), np.ones((100, 200), np.float32)),
    Labels(("red",), np.ones(1, np.float32)),
    Text("words"),
    Number(3, "px"),
    Table(("a",), (("1",),)),
    Clip(np.zeros((2, 80, 80, 3), np.uint8), 25.0),
    Embeddings(np.ones((1, 4), np.float32), ("x",)),
)


def test_the_examples_are_of_every_class() -> None:
    assert {type(a) for a in EXAMPLES} == set(ARTEFACTS)


@pytest.mark.parametrize("artefact", EXAMPLES, ids=lambda a: type(a).__name__)
def test_each_kind_survives_a_restart_and_is_stored_once(
    artefact: Artefact, tmp_path: Path
) -> None:
    sha = Store(tmp_path).put(artefact)
    before = sorted(files(tmp_path))
    assert Store(tmp_path).put(artefact) == sha
    assert sorted(files(tmp_path)) == before
    assert_same(Store(tmp_path).get(sha), artefact)


def test_equal_content_has_one_name_and_other_content_another(tmp_path: Path) -> None:
    store, image = Store(tmp_path), noise(1)
    again = Image.as_root(image.pixels.copy(), image.name)
    assert store.put(again) == store.put(image)
    assert store.put(replace(image, name="other")) != store.put(image)
    assert len(files(tmp_path, ".bin")) == 1  # the pixels are shared
    assert store.put(Text("1")) != store.put(Number(1))


def test_recent_artefacts_are_not_read_again(tmp_path: Path) -> None:
    store, image = Store(tmp_path, memory_bytes=100_000), noise(1)
    sha = store.put(image)
    assert store.get(sha) is image
    for seed in range(2, 8):
        store.put(noise(seed))
    fresh = store.get(sha)
    assert fresh is not image
    assert_same(fresh, image)


def test_names_that_are_no_digest_are_lost_not_opened(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    store = Store(tmp_path / "store")
    for name in ("", "../../x", "0" * 63, "G" * 64, "0" * 64, "0" * 64 + "\n"):
        with pytest.raises(ArtefactLost, match="not in the store"):
            store.get(name)
        assert name not in store
    with pytest.raises(KeyError):
        store.get("0" * 64)


@pytest.mark.parametrize("ending", [".json", ".bin"])
@pytest.mark.parametrize("harm", ["flip", "cut", "empty", "remove"])
def test_a_damaged_file_is_removed_and_never_served(tmp_path: Path, ending: str, harm: str) -> None:
    image = noise(1)
    sha = Store(tmp_path).put(image)
    (path,) = files(tmp_path, ending)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    if harm == "remove":
        path.unlink()
    else:
        path.write_bytes({"flip": data, "cut": data[:-1], "empty": b""}[harm])
    with pytest.raises(ArtefactLost):
        Store(tmp_path).get(sha)
    assert not path.exists()
    assert Store(tmp_path).put(image) == sha
    assert_same(Store(tmp_path).get(sha), image)


def test_storing_again_mends_a_damaged_file(tmp_path: Path) -> None:
    image = noise(1)
    sha = Store(tmp_path).put(image)
    (path,) = files(tmp_path, ".bin")
    path.write_bytes(b"half")
    Store(tmp_path).put(image)
    assert_same(Store(tmp_path).get(sha), image)


def test_a_picture_has_a_png(tmp_path: Path) -> None:
    store, image = Store(tmp_path), noise(1)
    sha = store.put(image)
    path = store.path_of_png(sha)
    assert path == Store(tmp_path).path_of_png(sha)
    with PilImage.open(path) as picture:
        assert np.array_equal(np.asarray(picture), image.pixels)
    path.write_bytes(path.read_bytes()[:-9])
    mended = store.path_of_png(sha)
    with PilImage.open(mended) as picture:
        assert np.array_equal(np.asarray(picture), image.pixels)
    with pytest.raises(BadArguments, match="no PNG"):
        store.path_of_png(store.put(Text("x")))


def test_files_are_private(tmp_path: Path) -> None:
    root = tmp_path / "store"
    store = Store(root)
    store.path_of_png(store.put(noise(1)))
    assert all(p.stat().st_mode & 0o077 == 0 for p in files(root))
    assert (root / "objects").stat().st_mode & 0o077 == 0


def test_objects_are_refused(tmp_path: Path) -> None:
    strange = Labels(("a",), np.ones(1, np.float32), of=object())  # type: ignore[arg-type]
    with pytest.raises(ToolFailed, match="cannot be stored"):
        Store(tmp_path).put(strange)
    pickled = Embeddings(np.array([[object()]]), ("a",))
    with pytest.raises(ToolFailed, match="cannot be stored"):
        Store(tmp_path).put(pickled)


def test_a_folder_that_cannot_be_is_a_setup_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be used"):
        Store(tmp_path / "file")


def test_a_full_disk_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    store, before = Store(tmp_path), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))  # the disk takes so much
    try:
        with pytest.raises(ToolFailed, match="cannot be written: File too large"):
            store.put(noise(1))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert files(tmp_path) == []
    assert_same(store.get(store.put(noise(1))), noise(1))


def test_what_is_deleted_is_gone_and_its_shared_files_stay(tmp_path: Path) -> None:
    store = Store(tmp_path)
    rng = np.random.default_rng(5)
    pixels = rng.integers(0, 255, (200, 200, 3), np.uint8)
    one, two = Image.as_root(pixels, "a.png"), Image.as_root(pixels, "b.png")
    kept = Image.as_root(255 - pixels)
    first, second, third = (store.put(image) for image in (one, two, kept))
    store.path_of_png(first)
    assert first != second
    assert store.delete([first, "0" * 64, "../lock"]) == 1
    assert first not in store
    assert first not in Store(tmp_path)
    assert not list(tmp_path.glob(f"objects/*/{first}*"))
    assert np.array_equal(Store(tmp_path).get(second).pixels, pixels)  # type: ignore[attr-defined]
    assert store.delete([first]) == 0
    assert store.delete([second]) == 1
    assert third in Store(tmp_path)
    assert len([p for p in (tmp_path / "objects").rglob("*") if p.is_file()]) == 2


def test_what_another_process_holds_is_not_deleted(tmp_path: Path) -> None:
    other, store = Store(tmp_path), Store(tmp_path)
    sha = other.put(Image.as_root(np.zeros((200, 200, 3), np.uint8)), hold=True)
    assert store.delete([sha]) == 0
    assert sha in Store(tmp_path)
    other.release(sha)
    assert store.delete([sha]) == 1
    other.close()
