"""Artefacts to a line of JSON and a few arrays, and back, for every class of ``types.ARTEFACTS``.

Works from the fields of the dataclasses, so a new artefact needs nothing here. Small arrays lie
inside the JSON, large ones beside it under the SHA-256 of their content. No pickle. The JSON is
canonical: equal content gives equal bytes. Knows nothing of files.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.errors import ToolFailed
from tools.types import ARTEFACTS, Artefact, Frame

Bytes = NDArray[np.uint8]
INLINE_BYTES = 1 << 14
"""Arrays up to this size lie inside the JSON."""
KINDS = {kind.__name__: kind for kind in ARTEFACTS}
PLAIN_DTYPES = "biuf"
"""Kinds of dtype that are stored: bool, integers, reals. Bool takes one bit."""


@dataclass(frozen=True)
class Frozen:
    """An artefact taken apart."""

    manifest: bytes
    """Canonical JSON; its SHA-256 is the identity of the artefact."""
    payloads: dict[str, Bytes]
    """The bytes of the large arrays by their SHA-256."""

    @property
    def sha256(self) -> str:
        """Identity of the artefact."""
        return hashlib.sha256(self.manifest).hexdigest()


def freeze(artefact: Artefact) -> Frozen:
    """Take an artefact apart.

    Raises:
        ToolFailed: it is of a class that is not stored, or holds objects.
    """
    kind = type(artefact).__name__
    if KINDS.get(kind) is not type(artefact):
        raise ToolFailed(f"a {kind} cannot be stored", hint=f"Use {', '.join(KINDS)}")
    payloads: dict[str, Bytes] = {}
    columns = {f.name: _pack(getattr(artefact, f.name), payloads) for f in fields(artefact)}  # type: ignore[arg-type]
    manifest = json.dumps({"kind": kind, "fields": columns}, sort_keys=True, separators=(",", ":"))
    return Frozen(manifest.encode("ascii"), payloads)


def payload_names(manifest: bytes) -> list[str]:
    """Digests of the payloads that a manifest names."""
    columns = json.loads(manifest)["fields"].values()
    return [str(v["payload"]) for v in columns if isinstance(v, dict) and "payload" in v]


def thaw(frozen: Frozen) -> Artefact:
    """The artefact again, checked by its own constructor.

    Raises:
        ValueError, TypeError, KeyError, OcelliError: the parts do not make an artefact.
    """
    parts = json.loads(frozen.manifest)
    columns = {name: _unpack(value, frozen.payloads) for name, value in parts["fields"].items()}
    return KINDS[parts["kind"]](**columns)


def _pack(value: Any, payloads: dict[str, Bytes]) -> Any:
    if isinstance(value, np.ndarray):
        return _pack_array(value, payloads)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Frame):
        return {"frame": [value.root, int(value.width), int(value.height)]}
    if isinstance(value, (tuple, list)):
        return [_pack(item, {}) for item in value]
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    raise ToolFailed(f"a field holds a {type(value).__name__}, which cannot be stored")


def _pack_array(array: NDArray[Any], payloads: dict[str, Bytes]) -> dict[str, Any]:
    if array.dtype.kind not in PLAIN_DTYPES:
        raise ToolFailed(f"an array of {array.dtype} cannot be stored", hint="Use plain numbers")
    array = array.astype(array.dtype.newbyteorder("<"), order="C", copy=False)
    packed: dict[str, Any] = {"dtype": array.dtype.str, "shape": list(array.shape)}
    flat = array.reshape(-1)
    data = np.packbits(flat) if array.dtype == np.bool_ else flat.view(np.uint8)
    if data.nbytes <= INLINE_BYTES:
        return packed | {"base64": base64.b64encode(data.tobytes()).decode("ascii")}
    name = hashlib.sha256(data.data).hexdigest()
    payloads[name] = data
    return packed | {"payload": name}


def _unpack(value: Any, payloads: dict[str, Bytes]) -> Any:
    if isinstance(value, list):
        return tuple(_unpack(item, payloads) for item in value)
    if not isinstance(value, dict):
        return value
    if "frame" in value:
        return Frame(*value["frame"])
    dtype, shape = np.dtype(value["dtype"]), tuple(value["shape"])
    if dtype.kind not in PLAIN_DTYPES:
        raise ValueError(f"an array of {dtype} is not stored")
    if "payload" in value:
        data = payloads[value["payload"]]
    else:
        data = np.frombuffer(base64.b64decode(value["base64"]), np.uint8).copy()
    if dtype == np.bool_:
        return np.unpackbits(data, count=math.prod(shape)).view(np.bool_).reshape(shape)
    return data.view(dtype).reshape(shape)
