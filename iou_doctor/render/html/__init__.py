"""HTML: one page for a report or a comparison, and the part of it that a notebook shows."""
