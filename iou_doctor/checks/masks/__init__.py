"""Rules IOU3xx: the masks do not hold class ids."""
