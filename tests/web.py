"""A web server on the loopback that behaves as it is told, path by path."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Answer:
    """What a path gives. headers: beside the length; None in the place of a value leaves that header out."""

    content: bytes = b""
    status: int = 200
    headers: dict[str, str | None] = field(default_factory=dict)
    query: str | None = None  # refused without it
    head_status: int | None = None  # where HEAD is answered otherwise
    cut_after: int | None = None
    wait_s: float = 0.0


@dataclass
class Web:
    root: str
    answers: dict[str, Answer]
    asked: list[tuple[str, str]]  # method and path with query

    def count(self, method: str) -> int:
        return sum(each == method for each, _ in self.asked)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Any

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        path, _, query = self.path.partition("?")
        self.server.web.asked.append((self.command, self.path))
        answer = self.server.web.answers.get(path, Answer(status=404))
        status = answer.status if body or answer.head_status is None else answer.head_status
        if answer.query is not None and query != answer.query:
            status = 403
        if self.headers.get("If-Match") not in (None, answer.headers.get("ETag")):
            status = 412
        content = answer.content if status == 200 else b""
        time.sleep(answer.wait_s)
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), "Connection": "close", **answer.headers}.items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(content[: answer.cut_after])
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serve() -> Iterator[Web]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.web = Web(f"http://127.0.0.1:{server.server_port}", {}, [])
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.web
    server.shutdown()
    thread.join()
    server.server_close()
