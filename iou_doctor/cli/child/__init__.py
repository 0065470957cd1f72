"""The process in which a check of a model file runs, and the one that waits for it."""
