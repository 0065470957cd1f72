"""iou-doctor: why a segmentation model's mean IoU is stuck, wrong, or different."""

__version__ = "0.1.0"
