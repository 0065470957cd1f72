"""Fetch objects as a whole: the following ones of a folder come while this one is used."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from threading import Lock

from iou_doctor.arrays.file_stamp import FileStamp
from iou_doctor.sources.files.remote.blocks import start_threads

_AHEAD = 12
"""The number of objects to fetch before anybody asks for them."""
_MOST_KEPT_BYTES = 1 << 26
"""The maximum size of the objects that are kept, 64 MiB, unless a single one is larger."""


class WholeObjects:
    """The contents of objects that were read last. Several threads may read at the same time."""

    def __init__(
        self,
        fetch: Callable[[FileStamp, int, int], bytes],
        following: Mapping[FileStamp, FileStamp],
    ) -> None:
        self._fetch = fetch
        self._following = following
        """The object that follows each one in its folder."""
        self._lock = Lock()
        self._kept: OrderedDict[FileStamp, Future[bytes]] = OrderedDict()
        self._bytes = 0

    def read(self, stamp: FileStamp) -> bytes:
        """Return the content of an object."""
        with self._lock:
            wanted = self._request(stamp)
            self._request_following(stamp)
            # this object and those ahead of it were moved to the end
            while self._bytes > _MOST_KEPT_BYTES and next(iter(self._kept)) != stamp:
                oldest, _ = self._kept.popitem(last=False)
                self._bytes -= oldest.size
        try:
            return wanted.result()
        except BaseException:
            with self._lock:  # so that a later read tries again
                if self._kept.pop(stamp, None) is not None:
                    self._bytes -= stamp.size
            raise

    def _request_following(self, stamp: FileStamp) -> None:
        ahead = 0
        for _ in range(_AHEAD):
            following = self._following.get(stamp)
            if following is None or ahead + following.size > _MOST_KEPT_BYTES // 2:
                return
            stamp, ahead = following, ahead + following.size
            self._request(stamp)

    def _request(self, stamp: FileStamp) -> Future[bytes]:
        """Return an object that was requested, or is requested now."""
        found = self._kept.get(stamp)
        if found is None:
            found = start_threads().submit(self._fetch, stamp, 0, stamp.size)
            self._kept[stamp] = found
            self._bytes += stamp.size
        else:
            self._kept.move_to_end(stamp)
        return found
