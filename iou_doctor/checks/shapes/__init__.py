"""Rules IOU1xx: shapes, axes and the way both sides are read."""
