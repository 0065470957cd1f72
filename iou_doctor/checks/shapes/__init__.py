"""Rules IOU1xx: shapes, axes and the interpretation of both arrays."""
