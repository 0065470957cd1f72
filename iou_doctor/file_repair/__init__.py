"""Write repaired copies of the input files, for `iou-doctor fix`."""
