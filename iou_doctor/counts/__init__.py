"""What one pass gathers: integer counts that add up exactly, in any grouping."""
