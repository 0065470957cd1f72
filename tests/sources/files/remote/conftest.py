"""A store that speaks S3, with a proxy in front of it."""

from __future__ import annotations

import http.client
import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sources.files.remote.faulty_proxy import FaultyProxy

pytest.importorskip("moto", reason="moto, which answers as S3 does, is missing")
SIGNED = "AWS4-HMAC-SHA256 Credential=somebody/20260101/us-east-1/s3/aws4_request"
"""What makes moto take a request for one of somebody who may write."""
SERVER = """
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer("127.0.0.1", 0)
server.start()
print("READY", *server.get_host_and_port(), flush=True)
input()
"""


class Store:
    """A bucket behind a proxy."""

    address = "s3://bucket"

    def __init__(self, host: str, port: int) -> None:
        self._place = (host, port)
        self.proxy = FaultyProxy(host, port)
        self._put("/bucket", b"")

    def put(self, name: str, content: bytes) -> str:
        """Store an object, and return its address."""
        self._put(f"/bucket/{name}", content)
        return f"{self.address}/{name}"

    def put_array(self, name: str, array: np.ndarray) -> str:
        stream = io.BytesIO()
        np.save(stream, array)
        return self.put(name, stream.getvalue())

    def put_folder(self, name: str, folder: Path) -> str:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                self.put(f"{name}/{file.relative_to(folder).as_posix()}", file.read_bytes())
        return f"{self.address}/{name}"

    def _put(self, path: str, content: bytes) -> None:
        connection = http.client.HTTPConnection(*self._place)
        connection.request("PUT", path, content, {"Authorization": SIGNED})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        assert answer.status == 200


@pytest.fixture(scope="session")
def running_store():
    command, pipe = [sys.executable, "-c", SERVER], subprocess.PIPE
    options = {"stdin": pipe, "stdout": pipe, "stderr": subprocess.DEVNULL, "text": True}
    with subprocess.Popen(command, **options) as server:
        lines = iter(server.stdout.readline, "")
        _, host, port = next(line for line in lines if line.startswith("READY")).split()
        store = Store(host, int(port))
        yield store
        store.proxy.shutdown()
        store.proxy.server_close()
        server.communicate("\n")


@pytest.fixture
def store(running_store, monkeypatch):
    """The store, with the environment that its own tools read."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", running_store.proxy.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-somebody")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    running_store.proxy.reset()
    return running_store
