"""What the system says about a file, so that a change during a run is noticed."""

from __future__ import annotations

import os

from iou_doctor.record import record


@record
class FileStamp:
    """A file as it was at one moment."""

    path: str
    size: int
    """In bytes."""
    modified: int
    """When its content was changed last, in nanoseconds."""
    inode: int
    """The number of the file itself, whatever its name."""
    changed: int
    """When the file or what the system says about it was changed last, in nanoseconds."""
    version: str = ""
    """What a store over the network calls this version; there, the last three numbers are 0."""

    def is_same(self, other: FileStamp) -> bool:
        """Return whether the file still has the same content, as far as the system tells.

        Some network file systems number their files anew, so another number only counts if the
        other time differs as well.
        """
        replaced = self.inode != other.inode and self.changed != other.changed
        return not replaced and (self.size, self.modified) == (other.size, other.modified)


def build_stamp(path: str, status: os.stat_result) -> FileStamp:
    """Return the stamp of a file with this status."""
    return FileStamp(
        path,
        size=status.st_size,
        modified=status.st_mtime_ns,
        inode=status.st_ino,
        changed=status.st_ctime_ns,
    )
