"""Rules IOU2xx: the predictions are not what the metric expects."""
