"""An HTTP proxy between a client and the S3 server. It forwards faithfully, and misbehaves when told to.

The client's Host header goes through unchanged: SigV4 signs it. The proxy runs in the process of the test, so a client
that holds the interpreter's lock while it waits for an answer waits for ever: pyarrow does when an output stream is
dropped without having been closed.
"""

import http.client
import random
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

BLOCK_BYTES = 64 << 10
# What belongs to one connection and not to the message; the framing of a body is made anew.
CONNECTION_HEADERS = {"connection", "keep-alive", "transfer-encoding", "expect"}
ERROR = "<?xml version='1.0' encoding='UTF-8'?><Error><Code>{}</Code><Message>told to by the test</Message></Error>"


@dataclass(frozen=True)
class Faults:
    """What to do wrong. Shares are drawn per request; counts run down to 0."""

    refuse_share: float = 0.0  # answered with 503 SlowDown, not forwarded
    delay_share: float = 0.0
    delay_s: float = 0.0
    expired_requests: int = 0  # the next so many are answered with 400 ExpiredToken, not forwarded
    cut_gets: int = 0  # the next so many GETs with a longer body lose their connection
    cut_after_bytes: int = 0  # after so much of the body


class Call(NamedTuple):
    method: str
    path: str  # /bucket/key, decoded, without the query
    status: int  # 0: the server gave no answer, and the client got none


@dataclass
class Proxy:
    upstream: str  # host:port
    endpoint: str = ""
    calls: list[Call] = field(default_factory=list)  # each is there before its client has the whole answer
    faults: Faults = Faults()
    lock: threading.Lock = field(default_factory=threading.Lock)
    draw: random.Random = field(default_factory=random.Random)
    server: "_Server | None" = None

    def misbehave(self, faults: Faults = Faults(), seed: int = 0) -> None:
        """From the next request on, in place of what was told before. The same seed refuses the same turns."""
        with self.lock:
            self.faults, self.draw = faults, random.Random(seed)

    def count(self, method: str, path: str) -> int:
        """How many requests of this method and path there were, whatever became of them."""
        with self.lock:
            return sum(call[:2] == (method, path) for call in self.calls)

    def stop(self) -> None:
        assert self.server is not None
        self.server.shutdown()
        self.server.server_close()


def start(upstream: str) -> Proxy:
    """A proxy on a free port before the server at the URL `upstream`, in threads of this process."""
    proxy = Proxy(urlsplit(upstream).netloc)
    proxy.server = _Server(("127.0.0.1", 0), _Handler)
    proxy.server.proxy = proxy
    proxy.endpoint = f"http://127.0.0.1:{proxy.server.server_port}"
    threading.Thread(target=proxy.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    return proxy


def _refusal(proxy: Proxy) -> tuple[int, str] | None:
    """Draws this request's faults: sleeps its delay, and gives the status and code that answer it, if any."""
    with proxy.lock:
        faults = proxy.faults
        slow = proxy.draw.random() < faults.delay_share
        busy = proxy.draw.random() < faults.refuse_share
        expired = faults.expired_requests > 0
        if expired:
            proxy.faults = replace(faults, expired_requests=faults.expired_requests - 1)
    if slow:
        time.sleep(faults.delay_s)
    if expired:
        return 400, "ExpiredToken"
    return (503, "SlowDown") if busy else None


def _cut(proxy: Proxy, length_bytes: int) -> int:
    """How much of this download to let through: all of it, unless one is to be cut."""
    with proxy.lock:
        faults = proxy.faults
        if faults.cut_gets == 0 or length_bytes <= faults.cut_after_bytes:
            return length_bytes
        proxy.faults = replace(faults, cut_gets=faults.cut_gets - 1)
        return faults.cut_after_bytes


class _Server(ThreadingHTTPServer):
    proxy: Proxy
    request_queue_size = 128
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exc_info()[1], OSError):  # a client that hangs up is no news here
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes: 40 ms a request otherwise

    def forward(self) -> None:
        if refusal := _refusal(self.server.proxy):
            self.refuse(*refusal)
            return
        with closing(http.client.HTTPConnection(self.server.proxy.upstream, timeout=120)) as upstream:
            try:
                upstream.connect()
                self.send_on(upstream)
                response = upstream.getresponse()
            except (OSError, http.client.HTTPException):  # no server, or a server or a client that broke off
                self.note(0)
                self.close_connection = True
            else:
                self.send_back(response)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = forward  # noqa: N815  (names of the library)

    def send_on(self, upstream: http.client.HTTPConnection) -> None:
        chunked = "Transfer-Encoding" in self.headers
        body = self.body()
        with suppress(ConnectionError):  # refused before the body was read: the answer says why
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in CONNECTION_HEADERS:
                    upstream.putheader(name, value)
            if chunked:
                upstream.putheader("Transfer-Encoding", "chunked")
            upstream.endheaders()
            for block in body:
                upstream.send(b"%x\r\n%s\r\n" % (len(block), block) if chunked else block)
            if chunked:
                upstream.send(b"0\r\n\r\n")
        for _ in body:
            pass

    def body(self) -> Iterator[bytes]:
        if "Transfer-Encoding" in self.headers:
            while size := int(self.rfile.readline().partition(b";")[0], 16):
                yield from self.blocks(size)
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass  # trailers of HTTP: those of aws-chunked lie inside the body
        else:
            yield from self.blocks(int(self.headers.get("Content-Length", 0)))

    def blocks(self, length: int) -> Iterator[bytes]:
        while length:
            block = self.rfile.read(min(length, BLOCK_BYTES))
            if not block:
                raise http.client.IncompleteRead(b"", length)  # no ConnectionError: there will be no answer
            length -= len(block)
            yield block

    def send_back(self, response: http.client.HTTPResponse) -> None:
        self.note(response.status)
        self.send_response_only(response.status, response.reason)
        for name, value in response.getheaders():
            if name.lower() not in CONNECTION_HEADERS:
                self.send_header(name, value)
        if response.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if response.chunked:
            while block := response.read1(BLOCK_BYTES):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(block), block))
            self.wfile.write(b"0\r\n\r\n")
            return
        length = response.length or 0  # 0 after a HEAD, whatever the header says
        left = _cut(self.server.proxy, length) if self.command == "GET" else length
        while left and (block := response.read1(min(left, BLOCK_BYTES))):
            self.wfile.write(block)
            left -= len(block)
        if response.length:  # cut here, or by the server
            self.close_connection = True

    def refuse(self, status: int, code: str) -> None:
        for _ in self.body():
            pass
        self.note(status)
        content = b"" if self.command == "HEAD" else ERROR.format(code).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def note(self, status: int) -> None:
        proxy = self.server.proxy
        with proxy.lock:
            proxy.calls.append(Call(self.command, unquote(urlsplit(self.path).path), status))

    def log_message(self, *_: object) -> None:
        """Nothing: calls are counted, not printed."""
