"""One http(s) address fetched from the public internet, and from nowhere else.

The address is parsed once; its host is resolved once; every address it resolves to must be public;
the connection goes to exactly that address, with the host kept for TLS and the Host header. Each
redirect passes the same gate. Time, bytes on the wire and bytes after unpacking are capped.
Proxies of the environment are not used. Knows nothing of pictures.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import queue
import re
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from tools.errors import InputError

MAX_REDIRECTS = 3
PORTS = frozenset({80, 443, 8000, 8080, 8443})
"""Ports where pictures are served; databases, mail and shells listen elsewhere."""
CHUNK_BYTES = 1 << 16
URL_CHARS = 2000
CLOSED = tuple(
    ipaddress.ip_network(block)
    for block in (
        "100.64.0.0/10",  # carrier NAT, and metadata at 100.100.100.200
        "168.63.129.16/32",  # the host service of a cloud, on a public address
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # 6to4 relays
        "::/96",  # IPv4-compatible
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",  # local NAT64
        "2001::/32",  # Teredo
        "2002::/16",  # 6to4
        "fec0::/10",  # site-local
    )
)
"""Blocks that lead to private addresses although some versions of Python call them global."""
HOST = re.compile(r"[A-Za-z0-9._:-]{1,253}")


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.scope_id is not None:
            return False
        if ip.ipv4_mapped is not None:
            return is_public(str(ip.ipv4_mapped))
    if any(ip.version == block.version and ip in block for block in CLOSED):
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


def system_resolve(host: str, port: int) -> list[str]:
    """The addresses of a host, as the system finds them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True)
class Gate:
    """What may be called."""

    resolve: Callable[[str, int], list[str]] = system_resolve
    allowed: Callable[[str], bool] = is_public
    ports: frozenset[int] = PORTS


@dataclass(frozen=True)
class Target:
    """One parsed address; nothing is parsed again after this."""

    secure: bool
    host: str
    port: int
    path: str
    """Path and query as sent."""

    def __str__(self) -> str:
        """For messages: without the query, which may hold a secret."""
        scheme = "https" if self.secure else "http"
        path = self.path.partition("?")[0]
        return f"'{scheme}://{self.host}{path if len(path) <= 80 else path[:80] + '…'}'"


def fetch(url: str, *, max_bytes: int, seconds: float, gate: Gate = Gate()) -> bytes:
    """The body behind an http(s) address.

    Raises:
        InputError: the address is not allowed, does not answer in time, answers with anything
            but success, or sends more than `max_bytes`.
    """
    deadline = time.monotonic() + seconds
    target = parse(url, gate)
    for _ in range(MAX_REDIRECTS + 1):
        with (
            _connected(target, gate, deadline) as connection,
            _asked(connection, target) as response,
        ):
            if response.status not in (301, 302, 303, 307, 308):
                return _body(response, target, max_bytes, deadline)
            location = response.getheader("Location") or ""
        target = parse(urljoin(_absolute(target), location), gate)
    raise InputError(f"{target} redirects more than {MAX_REDIRECTS} times", hint="Give its end")


def parse(url: str, gate: Gate = Gate()) -> Target:
    """Read an address strictly: what another parser might read differently is refused.

    Raises:
        InputError: it is not a plain http(s) address.
    """
    hint = "Give a plain http:// or https:// address of a picture"
    if len(url) > URL_CHARS or "\\" in url or not all("!" <= c <= "~" for c in url):
        raise InputError(
            "the address is too long or has characters that must be encoded", hint=hint
        )
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise InputError("the address cannot be parsed", hint=hint) from None
    if parts.scheme not in ("http", "https") or not HOST.fullmatch(host):
        raise InputError("the address is not http(s) with a plain host", hint=hint)
    if "@" in parts.netloc:
        raise InputError(f"the address of {host!r} holds a user name", hint=hint)
    secure = parts.scheme == "https"
    port = port if port is not None else (443 if secure else 80)
    if port not in gate.ports:
        raise InputError(f"port {port} of {host!r} is not one for pictures", hint=hint)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(secure, host, port, path)


def _absolute(target: Target) -> str:
    host = f"[{target.host}]" if ":" in target.host else target.host
    return f"{'https' if target.secure else 'http'}://{host}:{target.port}{target.path}"


def _addresses(target: Target, gate: Gate, deadline: float) -> list[str]:
    """Resolve once, in time, and refuse the host when any of its addresses is not public."""
    answer: queue.SimpleQueue[list[str] | None] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answer.put(gate.resolve(target.host, target.port))
        except (OSError, UnicodeError):
            answer.put(None)

    threading.Thread(target=ask, daemon=True).start()
    try:
        found = answer.get(timeout=_left(target, deadline))
    except queue.Empty:
        raise _late(target) from None
    if not found:
        raise InputError(f"the host of {target} is not known", hint="Check the address")
    if not all(gate.allowed(address) for address in found):
        raise InputError(
            f"{target} leads to an address that is not public", hint="Download it yourself"
        )
    return found


@contextlib.contextmanager
def _connected(target: Target, gate: Gate, deadline: float) -> Iterator[http.client.HTTPConnection]:
    """A connection to a checked address, cut off at the deadline whatever it waits for."""
    plain = _open(_addresses(target, gate, deadline), target, deadline)
    spare = plain.dup()
    cut = threading.Timer(max(0.0, deadline - time.monotonic()), _shut, [spare])
    cut.daemon = True
    cut.start()
    made = http.client.HTTPSConnection if target.secure else http.client.HTTPConnection
    connection = made(target.host, target.port)
    connection.auto_open = 0  # it must never look the host up again by itself
    connection.sock = plain
    try:
        if target.secure:
            context = ssl.create_default_context()
            connection.sock = context.wrap_socket(plain, server_hostname=target.host)
        yield connection
    except (OSError, http.client.HTTPException, zlib.error, ValueError) as error:
        if time.monotonic() >= deadline:
            raise _late(target) from None
        why = " ".join(str(error).split())[:120] or type(error).__name__
        raise InputError(f"{target} cannot be fetched: {why}", hint="Try again later") from None
    finally:
        cut.cancel()
        spare.close()
        connection.close()


def _open(addresses: list[str], target: Target, deadline: float) -> socket.socket:
    why = ""
    for address in addresses:
        try:
            left = _left(target, deadline)
            return socket.create_connection((address, target.port), timeout=left)
        except OSError as error:
            why = error.strerror or str(error)
    raise InputError(f"{target} does not answer: {why}", hint="Try again later")


def _shut(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def _asked(connection: http.client.HTTPConnection, target: Target) -> http.client.HTTPResponse:
    headers = {"Accept": "image/*,application/pdf", "Accept-Encoding": "identity",
               "User-Agent": "ocelli", "Connection": "close"}  # fmt: skip
    connection.request("GET", target.path, headers=headers)
    return connection.getresponse()


def _body(
    response: http.client.HTTPResponse, target: Target, max_bytes: int, deadline: float
) -> bytes:
    if response.status != 200:
        raise InputError(f"{target} answers {response.status}", hint="Check the address")
    coding = (response.getheader("Content-Encoding") or "identity").strip().lower()
    if coding not in ("identity", "gzip", "x-gzip", "deflate"):
        raise InputError(f"{target} is packed in a way that is not read", hint="Download it")
    unpacker = None if coding == "identity" else zlib.decompressobj(wbits=47)
    declared = response.getheader("Content-Length") or ""
    body, received = bytearray(), 0
    while chunk := response.read1(CHUNK_BYTES):
        received += len(chunk)
        body += unpacker.decompress(chunk, max_bytes + 1 - len(body)) if unpacker else chunk
        if len(body) > max_bytes or received > max_bytes:
            limit = f"{max_bytes / 2**20:g} MiB"
            raise InputError(f"{target} has more than {limit}", hint="Fetch a smaller picture")
        if time.monotonic() >= deadline:
            raise _late(target)
    if time.monotonic() >= deadline:
        raise _late(target)
    if (declared.isdigit() and received < int(declared)) or (unpacker and not unpacker.eof):
        raise InputError(f"{target} ended too early", hint="Try again later")
    return bytes(body)


def _left(target: Target, deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise _late(target)
    return left


def _late(target: Target) -> InputError:
    return InputError(f"{target} did not answer in time", hint="Try again later")
