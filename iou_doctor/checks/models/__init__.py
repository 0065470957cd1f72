"""Rules IOU8xx: the model that made the predictions."""
