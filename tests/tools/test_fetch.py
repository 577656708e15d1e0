"""The guard of web addresses: a local server stands for the internet, a canary for what is private."""

from __future__ import annotations

import gzip
import socket
import threading
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tools.errors import InputError
from tools.fetch import Gate, fetch, is_public, parse

BODY = b"\x89PNG" + bytes(range(256)) * 40
SECONDS = 5.0


@dataclass
class Canary:
    """A listener that must never be called; counts who does."""

    port: int
    calls: list[bytes] = field(default_factory=list)


@dataclass
class Site:
    """A server on this machine, known to the gate under public names."""

    port: int
    seen: list[tuple[str, dict[str, str]]]
    canary: Canary

    def gate(self, **hosts: str) -> Gate:
        """`hosts` resolve as told, ``pictures.example`` to this server, which alone is allowed."""
        names = {"pictures.example": "127.0.0.1"} | {
            k.replace("_", "."): v for k, v in hosts.items()
        }

        def resolve(host: str, port: int) -> list[str]:
            return names[host].split(",") if host in names else [host]

        return Gate(resolve, lambda ip: ip == "127.0.0.1", frozenset({self.port, 80, 443}))

    def url(self, path: str) -> str:
        return f"http://pictures.example:{self.port}{path}"


class Handler(BaseHTTPRequestHandler):
    """Answers by path."""

    def do_GET(self) -> None:
        self.server.seen.append((self.path, dict(self.headers)))  # type: ignore[attr-defined]
        name, _, rest = self.path[1:].partition("?")[0].partition("/")
        getattr(self, f"do_{name}")(rest)

    def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for key, value in ({"Content_Length": str(len(body))} | headers).items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def do_ok(self, rest: str) -> None:
        self.reply(200, BODY)

    def do_gzip(self, rest: str) -> None:
        self.reply(200, gzip.compress(BODY), Content_Encoding="gzip")

    def do_deflate(self, rest: str) -> None:
        self.reply(200, zlib.compress(BODY), Content_Encoding="deflate")

    def do_bomb(self, rest: str) -> None:
        self.reply(200, gzip.compress(bytes(50_000_000)), Content_Encoding="gzip")

    def do_brotli(self, rest: str) -> None:
        self.reply(200, BODY, Content_Encoding="br")

    def do_short(self, rest: str) -> None:
        self.reply(200, BODY[:100], Content_Length=str(len(BODY)))

    def do_endless(self, rest: str) -> None:
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(bytes(65536))
        except OSError:
            return

    def do_drip(self, rest: str) -> None:
        self.drip(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1000 if rest == "body" else b"H" * 1000)

    def drip(self, data: bytes) -> None:
        stop: threading.Event = self.server.stop  # type: ignore[attr-defined]
        try:
            for byte in data:
                self.wfile.write(bytes([byte]))
                if stop.wait(0.02):
                    return
        except OSError:
            return

    def do_status(self, rest: str) -> None:
        self.reply(int(rest), b"body")

    def do_to(self, rest: str) -> None:
        self.reply(302, Location=rest.replace("CANARY", str(self.server.canary)))  # type: ignore[attr-defined]

    def do_hop(self, rest: str) -> None:
        left = int(rest)
        self.reply(307, Location=f"/hop/{left - 1}" if left else "/ok")

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture
def canary() -> Iterator[Canary]:
    try:
        opened = socket.create_server(("127.0.0.2", 0))
    except OSError:
        pytest.skip("this system has a single loopback address")
    with opened as listener:
        canary = Canary(listener.getsockname()[1])
        stop = threading.Event()

        def listen() -> None:
            listener.settimeout(0.05)
            while not stop.is_set():
                try:
                    connection, _ = listener.accept()
                except TimeoutError:
                    continue
                connection.settimeout(2)
                canary.calls.append(connection.recv(4096))
                connection.close()

        thread = threading.Thread(target=listen)
        thread.start()
        yield canary
        stop.set()
        thread.join()


@pytest.fixture
def site(canary: Canary) -> Iterator[Site]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.seen, server.stop = [], threading.Event()  # type: ignore[attr-defined]
    server.canary = canary.port  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield Site(server.server_address[1], server.seen, canary)  # type: ignore[attr-defined]
    server.stop.set()  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()
    thread.join()


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(InputError) as caught:
        act()
    line = caught.value.line()
    assert line.isprintable()
    assert caught.value.hint
    return line


def get(site: Site, path: str, *, max_bytes: int = 1 << 20, seconds: float = SECONDS) -> bytes:
    return fetch(site.url(path), max_bytes=max_bytes, seconds=seconds, gate=site.gate())


@pytest.mark.parametrize("path", ["/ok", "/gzip", "/deflate", "/hop/2", "/ok?secret=1"])
def test_a_body_is_fetched(site: Site, path: str) -> None:
    assert get(site, path) == BODY


def test_the_host_is_kept_and_nothing_else_is_told(site: Site) -> None:
    get(site, "/ok?size=2")
    path, headers = site.seen[0]
    assert path == "/ok?size=2"
    assert headers["Host"] == f"pictures.example:{site.port}"
    assert set(headers) == {"Host", "Accept", "Accept-Encoding", "User-Agent", "Connection"}


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/status/404", "answers 404"),
        ("/status/500", "answers 500"),
        ("/status/204", "answers 204"),
        ("/bomb", "more than 1 MiB"),
        ("/endless", "more than 1 MiB"),
        ("/brotli", "packed"),
        ("/short", "too early"),
        ("/hop/4", "redirects more than 3 times"),
        ("/to/ftp://pictures.example/a", "not http(s)"),
        ("/to/file:///etc/passwd", "not http(s)"),
        ("/to/http://user@pictures.example/", "user name"),
    ],
)
def test_what_is_not_a_plain_success_is_refused(site: Site, path: str, words: str) -> None:
    assert words in refusal(lambda: get(site, path))


@pytest.mark.parametrize("path", ["/drip/head", "/drip/body"])
def test_the_deadline_covers_the_whole_answer(site: Site, path: str) -> None:
    assert "in time" in refusal(lambda: get(site, path, seconds=0.5))


def test_slow_names_meet_the_deadline() -> None:
    held = threading.Event()

    def resolve(host: str, port: int) -> list[str]:
        held.wait(SECONDS)
        return ["127.0.0.1"]

    line = refusal(lambda: fetch("http://a.example/", max_bytes=9, seconds=0.2, gate=Gate(resolve)))
    held.set()
    assert "in time" in line


@pytest.mark.parametrize(
    "host",
    ["127.0.0.2", "10.0.0.1", "[::1]", "[::ffff:127.0.0.2]", "169.254.169.254", "100.100.100.200"],
)
def test_redirects_to_private_addresses_are_not_followed(site: Site, host: str) -> None:
    gate = Gate(site.gate().resolve, lambda ip: ip == "127.0.0.1" or is_public(ip), frozenset(
        {site.port, site.canary.port}))  # fmt: skip
    url = site.url(f"/to/http://{host}:CANARY/x")
    line = refusal(lambda: fetch(url, max_bytes=9, seconds=SECONDS, gate=gate))
    assert "not public" in line
    assert site.canary.calls == []
    assert [path for path, _ in site.seen] == [f"/to/http://{host}:CANARY/x"]


@pytest.mark.parametrize(
    "host", ["127.0.0.2", "2130706434", "127.2", "0x7f000002", "0177.0.0.2", "localhost"]
)
def test_this_machine_is_never_called(canary: Canary, host: str) -> None:
    gate = Gate(ports=frozenset({canary.port}))
    url = f"http://{host}:{canary.port}/x"
    line = refusal(lambda: fetch(url, max_bytes=9, seconds=SECONDS, gate=gate))
    assert "not public" in line or "not known" in line
    assert canary.calls == []


def test_the_canary_hears_a_call_that_is_allowed(canary: Canary) -> None:
    gate = Gate(allowed=lambda ip: True, ports=frozenset({canary.port}))
    url = f"http://127.0.0.2:{canary.port}/x"
    refusal(lambda: fetch(url, max_bytes=9, seconds=SECONDS, gate=gate))
    assert len(canary.calls) == 1


def test_one_private_address_among_public_ones_refuses_the_host(site: Site) -> None:
    gate = site.gate(mixed_example="127.0.0.1,127.0.0.2")
    url = f"http://mixed.example:{site.port}/ok"
    assert "not public" in refusal(lambda: fetch(url, max_bytes=9, seconds=SECONDS, gate=gate))
    assert site.seen == []


def test_a_host_is_resolved_once(site: Site) -> None:
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    gate = Gate(resolve, lambda ip: ip == "127.0.0.1", frozenset({site.port}))
    assert fetch(site.url("/ok"), max_bytes=1 << 20, seconds=SECONDS, gate=gate) == BODY
    assert asked == ["pictures.example"]


def test_tls_names_the_host_and_not_the_address(canary: Canary) -> None:
    gate = Gate(lambda host, port: ["127.0.0.2"], lambda ip: True, frozenset({canary.port}))
    url = f"https://pictures.example:{canary.port}/x?token=abc"
    line = refusal(lambda: fetch(url, max_bytes=9, seconds=SECONDS, gate=gate))
    assert b"pictures.example" in canary.calls[0]
    assert canary.calls[0][0] == 0x16  # a TLS handshake, never plain HTTP
    assert "token" not in line


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192", "192.0.2.1", "198.18.0.1",
        "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "192.88.99.1",
        "::", "::1", "::ffff:10.0.0.1", "::ffff:8.8.8.8%1", "::127.0.0.1", "fe80::1", "fe80::1%eth0",
        "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "64:ff9b::7f00:1", "64:ff9b:1::1",
        "2002:7f00:1::", "2001::1", "2001:db8::1", "", "localhost", "8.8.8.8.8",
    ],
)  # fmt: skip
def test_private_and_special_addresses_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.example/x", "file:///etc/passwd", "gopher://a.example", "//a.example/x", "http://",
        "http:///x", "http://a.example\\@b.example/", "http://a.example /", "http://a.example/\n",
        "http://a.example/\x00", "http://user:key@a.example/", "http://@a.example/",
        "http://a.example:22/", "http://a.example:0/", "http://a.example:99999/",
        "http://a.example:x/", "http://[::1%25eth0]/", "http://[::1/", "http://é.example/",
        "http://a.example/é", "http://a%2eexample/", "http://a.example/" + "x" * 3000,
    ],
)  # fmt: skip
def test_addresses_that_two_parsers_could_read_differently_are_refused(url: str) -> None:
    line = refusal(lambda: parse(url))
    assert "key" not in line


def test_default_ports_and_paths() -> None:
    assert (parse("https://a.example").port, parse("https://a.example").path) == (443, "/")
    assert parse("HTTP://A.Example?x=1#part").path == "/?x=1"
    assert parse("http://[2606:4700::1111]/a").host == "2606:4700::1111"
