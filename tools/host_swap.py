"""The weights of a loaded model between the card and page-locked host memory, at the bus's speed.

They are packed into blocks of one size, which the allocator takes up again for the next model:
page-locking fresh memory takes longer than filling it. Every parameter stays the object it is, so
tied weights stay tied. Knows nothing of when a model moves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from tools.device import networks

BLOCK = 64 * 2**20
"""Bytes; a power of two, since the page-locking allocator rounds up to one."""


ALIGNED = 256
"""Bytes; every storage begins at a multiple, as on a card."""


@dataclass(frozen=True)
class _Piece:
    """One storage and the tensors that look at it."""

    raw: Any
    """Its bytes; None once they are packed."""
    start: int
    """Where it lies among all the bytes."""
    views: tuple[tuple[Any, int, Any, Any], ...]
    """(tensor, offset in bytes, size, stride) of each."""


def pack(model: Any, block: int = BLOCK) -> Callable[[], None] | None:
    """Take the weights off the card; what is returned puts them back where they were.

    They come back as parts of one storage: one allocation is sooner made than hundreds. None where
    there is nothing to take, where some of it is no plain tensor, or lies on several devices.
    """
    import torch

    tensors = list(_tensors(model))
    plain = (torch.Tensor, torch.nn.Parameter)
    if not tensors or any(type(tensor) not in plain for tensor in tensors):
        return None
    device = tensors[0].device
    if any(tensor.device != device for tensor in tensors):
        return None
    pieces, total = _pieces(tensors)
    locked = torch.cuda.is_available()
    blocks = [
        torch.empty(block, dtype=torch.uint8, pin_memory=locked) for _ in range(-(-total // block))
    ]
    for piece in pieces:
        for there, here in _spans(blocks, piece.start, piece.raw):
            there.copy_(here, non_blocking=True)
    _finish(device)
    pieces = [replace(piece, raw=None) for piece in pieces]
    for tensor in tensors:
        tensor.data = torch.empty(0, dtype=tensor.dtype, device=device)

    def back() -> None:
        whole = torch.empty(total, dtype=torch.uint8, device=device)
        for there, here in _spans(blocks, 0, whole):
            here.copy_(there, non_blocking=True)
        _finish(device)
        for piece in pieces:
            for tensor, offset, size, stride in piece.views:
                at = (piece.start + offset) // tensor.element_size()
                empty = torch.empty(0, dtype=tensor.dtype, device=device)
                tensor.data = empty.set_(whole.untyped_storage(), at, size, stride)

    return back


def _tensors(model: Any) -> Iterator[Any]:
    """Parameters and buffers of all networks of a model, each once."""
    seen: set[int] = set()
    for part in networks(model):
        for module in getattr(part, "components", {"": part}).values():
            if not (hasattr(module, "parameters") and hasattr(module, "buffers")):
                continue
            for tensor in (*module.parameters(), *module.buffers()):
                if id(tensor) not in seen:
                    seen.add(id(tensor))
                    yield tensor


def _pieces(tensors: list[Any]) -> tuple[list[_Piece], int]:
    """The storages of tensors one after the other, and how many bytes they take so."""
    import torch

    shared: dict[tuple[int, int], list[Any]] = {}
    for tensor in tensors:
        storage = tensor.untyped_storage()
        shared.setdefault((storage.data_ptr(), storage.nbytes()), []).append(tensor)
    pieces, at = [], 0
    for (_, nbytes), group in shared.items():
        views = tuple(
            (t, t.storage_offset() * t.element_size(), t.size(), t.stride()) for t in group
        )
        raw = torch.empty(0, dtype=torch.uint8, device=group[0].device)
        pieces.append(_Piece(raw.set_(group[0].untyped_storage()), at, views))
        at += -(-nbytes // ALIGNED) * ALIGNED
    return pieces, at


def _spans(blocks: list[Any], start: int, raw: Any) -> Iterator[tuple[Any, Any]]:
    """Stretches of the blocks from byte `start` on, and what of `raw` lies in each."""
    done = 0
    while done < len(raw):
        number, at = divmod(start + done, len(blocks[0]))
        count = min(len(raw) - done, len(blocks[0]) - at)
        yield blocks[number][at : at + count], raw[done : done + count]
        done += count


def _finish(device: Any) -> None:
    """Wait until what was begun on a card is done."""
    import torch

    if device.type == "cuda":
        torch.cuda.synchronize(device)
