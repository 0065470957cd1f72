"""`python -m sources.files.remote.measure`: how fast objects in a store are read.

A server in another process, which answers as S3 does and costs little, holds one array. It is read
in order by windows, as a check reads it, by s3fs as a whole and in parallel ranges, and by obstore
if that is installed. The shortest of some turns counts.
"""

# ruff: noqa: T201 - what it says goes to the terminal

from __future__ import annotations

import argparse
import importlib.util
import io
import multiprocessing
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

from iou_doctor.sources.opening import open_source

GOAL, MOST_BYTES = 0.8, 1.05
WINDOW_BYTES = 1 << 24
RANGE_BYTES = 1 << 22
DATE = "Thu, 01 Jan 2026 00:00:00 GMT"


def make_array(megabytes: int) -> bytes:
    stream = io.BytesIO()
    values = np.random.default_rng(0).integers(0, 19, 1 << 20).astype(np.uint8)
    np.save(stream, np.tile(values, (megabytes, 1)))
    return stream.getvalue()


class Handler(BaseHTTPRequestHandler):
    """Answers for one object, whatever its name is, and counts the bytes."""

    protocol_version = "HTTP/1.1"
    content = memoryview(b"")
    sent = None

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        self._answer(200, len(self.content))

    def do_GET(self) -> None:
        start, stop, status = 0, len(self.content), 200
        if "Range" in self.headers:
            first, _, last = self.headers["Range"].partition("=")[2].partition("-")
            start, stop, status = int(first), min(stop, int(last or stop - 1) + 1), 206
        self._answer(status, stop - start, start)
        self.wfile.write(self.content[start:stop])
        with self.sent.get_lock():
            self.sent.value += stop - start

    def _answer(self, status: int, size: int, start: int = 0) -> None:
        self.send_response_only(status)
        self.send_header("Content-Length", str(size))
        if status == 206:
            whole = len(self.content)
            self.send_header("Content-Range", f"bytes {start}-{start + size - 1}/{whole}")
        for name, value in (("ETag", '"one"'), ("Last-Modified", DATE), ("Accept-Ranges", "bytes")):
            self.send_header(name, value)
        self.end_headers()


def serve(megabytes, sent, port) -> None:
    Handler.content, Handler.sent = memoryview(make_array(megabytes)), sent
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    port.value = server.server_address[1]
    server.serve_forever()


def read_ours(address: str) -> int:
    source = open_source(address)
    rows = max(1, WINDOW_BYTES // source.shape[1])
    return sum(
        source.read((slice(start, start + rows),)).nbytes
        for start in range(0, source.shape[0], rows)
    )


def read_whole(address: str) -> int:
    return len(_connect().cat_file(address))


def read_ranges(address: str) -> int:
    """Read as many ranges at a time as we do."""
    system, size, found = _connect(), int(_connect().info(address)["size"]), 0
    for first in range(0, size, 8 * RANGE_BYTES):
        starts = [*range(first, min(first + 8 * RANGE_BYTES, size), RANGE_BYTES)]
        stops = [min(start + RANGE_BYTES, size) for start in starts]
        found += sum(map(len, system.cat_ranges([address] * len(starts), starts, stops)))
    return found


def _connect():
    import s3fs

    return s3fs.S3FileSystem()


def read_obstore(address: str) -> int:
    from obstore.store import S3Store

    bucket, _, key = address.partition("://")[2].partition("/")
    store = S3Store(
        bucket, endpoint=os.environ["AWS_ENDPOINT_URL"], client_options={"allow_http": True}
    )
    size, found = int(store.head(key)["size"]), 0
    for first in range(0, size, 8 * RANGE_BYTES):
        starts = [*range(first, min(first + 8 * RANGE_BYTES, size), RANGE_BYTES)]
        ends = [min(start + RANGE_BYTES, size) for start in starts]
        found += sum(
            len(memoryview(one)) for one in store.get_ranges(key, starts=starts, ends=ends)
        )
    return found


def main() -> int:
    """Print the speeds; return 1 if we are too slow, or fetch too much."""
    parser = argparse.ArgumentParser("sources.files.remote.measure", description=__doc__)
    parser.add_argument("--megabytes", type=int, default=512)
    parser.add_argument("--turns", type=int, default=3)
    options = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    sent, port = context.Value("q", 0), context.Value("i", 0)
    server = context.Process(target=serve, args=(options.megabytes, sent, port), daemon=True)
    server.start()
    while not port.value:
        time.sleep(0.05)
    os.environ.update(
        AWS_ENDPOINT_URL=f"http://127.0.0.1:{port.value}",
        AWS_ACCESS_KEY_ID="somebody",
        AWS_SECRET_ACCESS_KEY="secret",
        AWS_DEFAULT_REGION="us-east-1",
    )
    readers = {"iou-doctor": read_ours, "s3fs, whole": read_whole, "s3fs, ranges": read_ranges}
    if importlib.util.find_spec("obstore"):
        readers["obstore, ranges"] = read_obstore
    seconds, share = {}, 0.0
    for turn in range(options.turns):
        for name, read in readers.items():
            before, start = sent.value, time.perf_counter()
            read(f"s3://bucket/{turn}.npy")
            took = time.perf_counter() - start
            seconds[name] = min(took, seconds.get(name, took))
            if read is read_ours:
                share = max(share, (sent.value - before) / (options.megabytes << 20))
    for name, took in seconds.items():
        print(f"{name:16} {options.megabytes / took:7.0f} MiB/s")
    ratio = min(took for name, took in seconds.items() if "s3fs" in name) / seconds["iou-doctor"]
    print(f"iou-doctor is {ratio:.2f} times as fast as s3fs, and fetches {share:.4f} of the bytes")
    server.terminate()
    return int(ratio < GOAL or share > MOST_BYTES)


if __name__ == "__main__":
    sys.exit(main())
