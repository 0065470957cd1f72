"""Find what gives a certain number, for `iou-doctor why` and `--seen`."""
