"""Rules IOU7xx: what the data or the training says about a low score."""
