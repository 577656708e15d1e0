"""Which pickles may be opened: those that were published, and those a person vouches for.

A pickle can run code when it is read, so weights in that form are opened only where their SHA-256
stands below or ``OCELLI_ALLOW_PICKLE`` is set; they are not even fetched otherwise. Knows nothing
of what is in them.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from tools.errors import SetupError

ALLOWED = "OCELLI_ALLOW_PICKLE"
"""Environment variable that, set to anything, admits pickles nobody has vouched for."""
KNOWN = {
    "yolo11n.pt": "0ebbc80d4a7680d14987a577cd21342b65ecfd94632bd9a8da63ae6417644ee1",
    "yolo11s.pt": "85a76fe86dd8afe384648546b56a7a78580c7cb7b404fc595f97969322d502d5",
    "yolo11m.pt": "d5ffc1a674953a08e11a8d21e022781b1b23a19b730afc309290bd9fb5305b95",
    "yolo11n-pose.pt": "869e83fcdffdc7371fa4e34cd8e51c838cc729571d1635e5141e3075e9319dc0",
    "yolo11m-pose.pt": "29b17eaf3a3117cbea906090dbedf9159f7c6a49db58ec8b99ed2dfde1cf6eb2",
    "yolo11n-seg.pt": "55ed65c56c91713d23e8402371c6c49a6fd84f257f7dce452e8d70e41dcbe152",
    "yolo11m-seg.pt": "eb9a06f63e2206c35d68d839b08c362429ebecf933ad54c1ad68b2fd001c17cf",
    "yolo26n.pt": "9b09cc8bf347f0fc8a5f7657480587f25db09b34bf33b0652110fb03a8ad4fef",
    "yolo26s.pt": "646f8bc3fe0a656803d95c294f7852321748cb29d13466a1af8862e2db384a1b",
    "yolo26m.pt": "401cea9ab23ad19246ff7744859816bc599f350e93c9dd30367b6f0a0745d0b7",
    "yolo26n-seg.pt": "361fbfabab285c3237700b6bb91d7ecfa602cd945fffda8dbe1242829b71e73f",
}
"""SHA-256 of files as their makers published them."""


def check(file: str, sha256: str, repo: str) -> None:
    """Refuse a pickle that nobody has vouched for.

    Raises:
        SetupError: its digest is not that of the published file, and nobody allows it.
    """
    if os.environ.get(ALLOWED) or KNOWN.get(file) == sha256:
        return
    raise SetupError(
        f"{file} of {repo} is a pickle that nobody has vouched for ({sha256[:12] or 'no digest'}…)",
        hint=f"If you trust whoever made it, add --allow-pickle or set {ALLOWED}=1",
    )


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
