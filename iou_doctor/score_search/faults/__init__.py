"""Faults that somebody may have made before the score was printed, and what they would give."""
