"""Errors in the user's input: each becomes one line on the terminal and exit code 2.

    IouDoctorError
    ├── UsageError              an option has a value that cannot work
    ├── SourceError             a file, array or model cannot be read
    ├── ReadingError     the arrays cannot be understood as predictions and masks
    ├── RepairError             an array does not have the axes or tiles that a repair needs
    └── OutputError             a file cannot be written

Each message names the file or the option, and says what would work.
"""

BAD_USAGE = 2
"""The exit code for bad usage and unreadable input."""


class IouDoctorError(Exception):
    """Base class of the errors that the user's input causes."""


class UsageError(IouDoctorError):
    """An option has a value that cannot work, alone or together with another option."""


class SourceError(IouDoctorError):
    """A file, folder, array or model cannot be opened or read as an array of numbers."""


class ReadingError(IouDoctorError):
    """The arrays can be read, but not understood as predictions and masks."""


class RepairError(IouDoctorError, ValueError):
    """An array lacks the axes or the tiles that a repair needs."""


class OutputError(IouDoctorError):
    """A file cannot be written."""
