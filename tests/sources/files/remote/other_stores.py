"""Compare reports on objects in Google's and Azure's stores with those on the same files.

Too heavy for the suite: it needs the extra `remote`, `pip install gcp-storage-emulator`, and for
Azure the program of `npm install azurite`. Run it in the root of the project:

    PYTHONPATH=tests python -m sources.files.remote.other_stores --azurite .../azurite-blob
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import fsspec
from sources.files.remote.formats import WRITERS

import iou_doctor

KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The key of Azurite's only account, which its documentation names."""


def find_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serve_google() -> Iterator[str]:
    """Start the emulator of Google's store, and yield the address of a bucket."""
    from gcp_storage_emulator.server import create_server

    port = find_port()
    server = create_server("127.0.0.1", port, in_memory=True, default_bucket="bucket")
    server.start()
    os.environ["STORAGE_EMULATOR_HOST"] = f"http://127.0.0.1:{port}"
    os.environ["GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT"] = "false"
    os.environ["FSSPEC_GS"] = '{"token": "anon"}'
    os.environ["FSSPEC_GCS"] = '{"token": "anon"}'
    yield "gs://bucket"
    server.stop()


@contextmanager
def serve_azure(folder: Path, azurite: str) -> Iterator[str]:
    """Start Azurite, and yield the address of a container."""
    port = find_port()
    place = ["--blobPort", str(port), "--location", str(folder)]
    quiet = ["--skipApiVersionCheck", "--silent", "--disableTelemetry"]
    with subprocess.Popen(
        [azurite, *place, *quiet],
        stdout=subprocess.DEVNULL,
    ) as server:
        time.sleep(5)
        os.environ["AZURE_STORAGE_CONNECTION_STRING"] = (
            "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;"
            f"AccountKey={KEY};BlobEndpoint=http://127.0.0.1:{port}/devstoreaccount1;"
        )
        fsspec.filesystem("az").mkdir("container")
        yield "az://container"
        server.terminate()


def compare(base: str) -> None:
    """Print for each format whether both reports are equal."""
    fsspec.config.set_conf_env(fsspec.config.conf)
    system = fsspec.filesystem(base.partition("://")[0])
    for write in WRITERS:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            arrays = write(folder)
            place = f"{base}/{write.__name__}"
            for file in folder.rglob("*"):
                if file.is_file():
                    inside = file.relative_to(folder).as_posix()
                    system.pipe(f"{place}/{inside}".partition("://")[2], file.read_bytes())
            texts = []
            for where in (name, place):
                y_pred, y_true = (f"{where}/{array}" for array in arrays)
                report = iou_doctor.check(y_true=y_true, y_pred=y_pred, num_classes=3)
                texts.append(report.to_json().replace(where, "PLACE"))
        verdict = "equal" if texts[0] == texts[1] else "DIFFERENT"
        sys.stdout.write(f"{base} {write.__name__} {verdict}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--azurite", help="the program azurite-blob; without it, Azure is left out")
    options = parser.parse_args()
    with serve_google() as base:
        compare(base)
    if options.azurite:
        with (
            tempfile.TemporaryDirectory() as folder,
            serve_azure(Path(folder), options.azurite) as base,
        ):
            compare(base)


if __name__ == "__main__":
    main()
