"""A report on the loopback, for the browser of this machine."""

import webbrowser
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

SHOWN = ("report", "artifacts")  # of an output: pages, and the previews they refer to


class Handler(SimpleHTTPRequestHandler):
    """Files below a folder, and of it only those below some names."""

    def __init__(self, *arguments: Any, names: tuple[str, ...], **more: Any) -> None:
        self._names = names
        super().__init__(*arguments, **more)

    def translate_path(self, path: str) -> str:
        found = Path(super().translate_path(path))
        inside = found.relative_to(self.directory).parts
        return str(found) if inside[:1] and inside[0] in self._names else str(Path(self.directory, "no such file"))

    def list_directory(self, path: Any) -> None:  # noqa: ARG002
        self.send_error(404)

    def log_message(self, *arguments: Any) -> None:
        pass


def server(folder: Path, names: tuple[str, ...] = SHOWN, port: int = 0) -> ThreadingHTTPServer:
    """Listens on 127.0.0.1, on a free port by default; the caller serves and closes. folder: absolute."""
    handler = partial(Handler, directory=str(folder), names=names)
    return ThreadingHTTPServer(("127.0.0.1", port), handler)


def serve(index: Path, folder: Path) -> None:
    """Opens the browser and serves until Ctrl-C. index: the page, below `folder`."""
    with server(folder) as running:
        address = f"http://127.0.0.1:{running.server_address[1]}/{index.relative_to(folder).as_posix()}"
        print(f"{address}: Ctrl-C ends it", flush=True)
        webbrowser.open(address)
        try:
            running.serve_forever()
        except KeyboardInterrupt:
            print()
