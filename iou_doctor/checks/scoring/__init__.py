"""Rules IOU6xx: the metric itself, its conventions and its counters."""
