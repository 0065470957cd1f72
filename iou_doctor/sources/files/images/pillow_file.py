"""Opens an image file with Pillow, without its warnings, its own limit and its mappings."""

from __future__ import annotations

import io
import logging
import struct
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Lock
from typing import IO

from PIL import Image

from iou_doctor.sources.files.file_status import open_file
from iou_doctor.sources.files.remote.address import is_remote
from iou_doctor.sources.source_errors import translate_errors

# without a handler, Python prints Pillow's remarks on damaged files; the error says the same
logging.getLogger("PIL").addHandler(logging.NullHandler())

_FORMATS = ("PNG", "TIFF", "BMP", "JPEG", "GIF", "WEBP", "JPEG2000", "PPM")
_PILLOW_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    EOFError,
    KeyError,
    IndexError,
    OverflowError,
    struct.error,
)
"""What the plugins of Pillow raise for damaged files."""
_DAMAGED = "it is damaged, cut off, or no image that Pillow reads; save it again as PNG"


class Quiet:
    """Lets Pillow warn of nothing and have no limit, until the last thread that wants this ends.

    `MOST_PIXELS` is checked instead. Both settings belong to the whole process.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._users = 0
        self._restore = ExitStack()

    def __enter__(self) -> None:
        """Change the settings, unless another thread has done so."""
        with self._lock:
            self._users += 1
            if self._users > 1:
                return
            self._restore.callback(setattr, Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)
            self._restore.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore")
            Image.MAX_IMAGE_PIXELS = None

    def __exit__(self, *_: object) -> None:
        """Restore the settings, unless another thread still needs them."""
        with self._lock:
            self._users -= 1
            if not self._users:
                self._restore.close()


QUIET = Quiet()


class _PlainFile(io.BufferedReader):
    """A file that Pillow and libtiff cannot map into memory: if it shrank, the process would die.

    They map what has a name or a descriptor.
    """

    def fileno(self) -> int:
        """Refuse to tell the descriptor."""
        raise io.UnsupportedOperation("fileno")

    def __repr__(self) -> str:
        """Return the path, which Pillow's messages quote."""
        return repr(self.name)


@contextmanager
def open_image(file: str, *, whole: bool = True) -> Iterator[Image.Image]:
    """Open an image with Pillow.

    Args:
        file: the path.
        whole: whether all of the file will be read.

    Raises:
        SourceError: Pillow raised an error, then or until the image is closed.
    """
    with (
        QUIET,
        translate_errors(file, *_PILLOW_ERRORS, why=_DAMAGED),
        open_plain_file(file, whole=whole) as stream,
        Image.open(stream, formats=_FORMATS) as image,
    ):
        yield image


def open_plain_file(file: str, *, whole: bool = True) -> IO[bytes]:
    """Return a file that nobody maps into memory; arguments as for `open_image`.

    Raises:
        OSError: it cannot be opened.
    """
    if not is_remote(file):
        return _PlainFile(io.FileIO(file))
    if not whole:
        return open_file(file)
    from iou_doctor.sources.files.remote.store import read_object

    return io.BytesIO(read_object(file))
