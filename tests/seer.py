"""A server that speaks the protocol of language models on the loopback, and answers as it is told."""

import json
import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Server:
    """reply: content of the message; None: refused. told_by: what makes the reply of a request, in its place. yes: of
    every answer's first token, where the client asks for probabilities. statuses: of the first requests, before it
    answers with 200."""

    url: str = ""
    reply: str | None = '{"1": "yes", "2": "no", "3": "unsure"}'
    told_by: Callable[[dict[str, Any]], str] | None = None
    yes: float | None = 0.9
    statuses: list[int] = field(default_factory=list)
    key: str | None = None
    finish: str = "stop"
    wait_s: float = 0.0
    together: threading.Barrier | None = None  # requests that have to come at once
    requests: list[dict[str, Any]] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    server: Any

    def do_GET(self) -> None:
        told: Server = self.server.told
        if told.key is not None and self.headers["Authorization"] != f"Bearer {told.key}":
            return self._send(401, {"error": {"message": f"wrong key {self.headers['Authorization']}"}})
        return self._send(200, {"object": "list", "data": [{"id": "seer", "object": "model"}]})

    def do_POST(self) -> None:
        told: Server = self.server.told
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        told.requests.append(asked)
        if told.statuses:
            return self._send(told.statuses.pop(0), {"error": {"message": "not now"}})
        threading.Event().wait(told.wait_s)
        if told.together is not None:
            told.together.wait(20)
        reply = told.reply if told.told_by is None else told.told_by(asked)
        message = {"role": "assistant", "content": reply}
        choice: dict[str, Any] = {"index": 0, "finish_reason": told.finish, "message": message}
        if reply is None:
            message["refusal"] = "I would rather not."
        elif asked.get("logprobs") and told.yes is not None:
            choice["logprobs"] = {"content": tokens_of(reply, told.yes)}
        body = {"id": "1", "object": "chat.completion", "created": 0, "model": "seer", "choices": [choice]}
        return self._send(
            200, {**body, "usage": {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}}
        )

    def _send(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        if status == 429:
            self.send_header("Retry-After", "0.01")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


def tokens_of(reply: str, yes: float) -> list[dict[str, Any]]:
    """The reply in tokens of three letters; where an answer stands, what else could stand there."""
    words, at = [], 0
    while at < len(reply):
        size = 3 if reply[at:].startswith(("yes", "uns")) else 2 if reply[at:].startswith("no") else 1
        words.append(reply[at : at + size])
        at += size
    others = [{"token": "yes", "logprob": math.log(yes)}, {"token": "no", "logprob": math.log(1 - yes)}]
    return [
        {"token": word, "logprob": -0.1, "bytes": None, "top_logprobs": others if word in ("yes", "no") else []}
        for word in words
    ]


@contextmanager
def seeing() -> Iterator[Server]:
    listening: Any = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    listening.told = Server(f"http://127.0.0.1:{listening.server_port}/v1")
    thread = threading.Thread(target=listening.serve_forever)
    thread.start()
    yield listening.told
    listening.shutdown()
    thread.join()
    listening.server_close()
