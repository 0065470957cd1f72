"""Medical volumes, and one file for each class of a volume."""
