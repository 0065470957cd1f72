"""Rules IOU5xx: the predictions and the masks do not lie on top of each other."""
