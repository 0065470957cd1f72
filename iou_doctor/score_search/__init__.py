"""Find the causes of a printed score, for `iou-doctor why` and `iou-doctor check --seen`."""
