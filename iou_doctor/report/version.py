"""The version of iou-doctor, which every report names."""

__version__ = "0.1.0"
REPOSITORY = "https://github.com/OWNER/iou-doctor"
"""Where the pages are that reports link to. OWNER is the account that hosts the repository: as long
as it is not known, reports have no links."""
