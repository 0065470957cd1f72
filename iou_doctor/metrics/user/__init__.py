"""The user's own metric: parse its call, find what it needs, and replay its number."""
