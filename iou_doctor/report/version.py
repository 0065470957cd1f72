"""The version of iou-doctor, which every report names."""

__version__ = "0.1.0"
