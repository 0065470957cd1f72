"""A proxy in front of a store that counts what it passes on, and spoils some answers."""

from __future__ import annotations

import http.client
import threading
import time
from collections import deque
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NOT_PASSED_ON = {"connection", "transfer-encoding", "content-length", "date", "server"}
STALL_SECONDS = 1.5
Headers = dict[str, str]
Answer = tuple[int, Headers, bytes, int | None]
"""The status, the headers, the content, and the length that is promised; `None`: no answer."""


def _stay_busy(_status: int, _headers: Headers, _content: bytes) -> Answer:
    return 503, {}, b"busy", 4


def _cut(status: int, headers: Headers, content: bytes) -> Answer:
    """Close the connection before all has come."""
    return status, headers, content[: len(content) // 2], len(content)


def _send_less(status: int, headers: Headers, content: bytes) -> Answer:
    """Send less than was asked for, as if that were all."""
    return status, headers, content[: len(content) // 2], len(content) // 2


def _promise_more(status: int, headers: Headers, content: bytes) -> Answer:
    return status, headers, content, 2 * len(content)


def _hang_up(status: int, headers: Headers, content: bytes) -> Answer:
    return status, headers, content, None


def _stall(status: int, headers: Headers, content: bytes) -> Answer:
    time.sleep(STALL_SECONDS)
    return status, headers, content, len(content)


FAULTS = {
    "busy": _stay_busy,
    "cut": _cut,
    "less": _send_less,
    "more": _promise_more,
    "hang-up": _hang_up,
    "stall": _stall,
}


class FaultyProxy(ThreadingHTTPServer):
    """Each request for an object, or a part of one, takes the next fault until none is left."""

    daemon_threads = True

    def __init__(self, host: str, port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = (host, port)
        self.faults: deque[str] = deque()
        self.fetched = 0
        """The number of bytes of objects that were passed on."""
        self.requests = 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def reset(self) -> None:
        self.faults.clear()
        self.fetched = self.requests = 0


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FaultyProxy

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        status, headers, content = self._ask("GET")
        promised: int | None = len(content)
        if "list-type" not in self.path and status in {200, 206}:
            self.server.requests += 1
            self.server.fetched += len(content)
            if self.server.faults:
                spoil = FAULTS[self.server.faults.popleft()]
                status, headers, content, promised = spoil(status, headers, content)
        self._answer(status, headers, content, promised)

    def do_HEAD(self) -> None:
        status, headers, _ = self._ask("HEAD")
        self._answer(status, headers, b"", int(headers.get("content-length", 0)))

    def _ask(self, command: str) -> tuple[int, Headers, bytes]:
        upstream = http.client.HTTPConnection(*self.server.target)
        upstream.request(command, self.path, headers=dict(self.headers))
        answer = upstream.getresponse()
        content = answer.read()
        upstream.close()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, content

    def _answer(self, status: int, headers: Headers, content: bytes, promised: int | None) -> None:
        self.close_connection = promised != len(content) and self.command == "GET"
        if promised is None:
            return
        self.send_response_only(status)
        for key, value in headers.items():
            if key not in NOT_PASSED_ON:
                self.send_header(key, value)
        self.send_header("Content-Length", str(promised))
        self.end_headers()
        with suppress(ConnectionError):  # nobody waits any more
            self.wfile.write(content)
