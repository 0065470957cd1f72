"""What can go wrong before a diagnosis is possible.

    IouDoctorError          one line for the user, exit code 2
    ├── UsageError          an option, or two options that do not go together
    ├── SourceError         a file that cannot be read, or holds no arrays
    ├── InterpretationError        arrays that cannot be understood as predictions and masks
    ├── RepairError         a repair that the arrays do not allow
    └── OutputError         a file that cannot be written

Each message names the file or the option, and what would work.
"""


class IouDoctorError(Exception):
    """Base of every error that is the input's, not ours."""


class UsageError(IouDoctorError):
    """An option has a value that cannot work, alone or beside another one."""


class SourceError(IouDoctorError):
    """A file or folder cannot be opened or read as an array of numbers."""


class InterpretationError(IouDoctorError):
    """The arrays were read but cannot be understood as predictions and masks."""


class RepairError(IouDoctorError, ValueError):
    """An array has not the axes or the tiles that a repair needs."""


class OutputError(IouDoctorError):
    """A file cannot be written."""
