"""Compute from counts the scores that the implementations of a metric report."""
