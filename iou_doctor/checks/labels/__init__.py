"""Rules IOU4xx: the label ids do not mean the same on both sides."""
