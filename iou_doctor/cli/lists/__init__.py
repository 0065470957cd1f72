"""The commands that list rules, metrics and schemas."""
