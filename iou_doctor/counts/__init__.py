"""What one pass over the data gathers: integer counts that add up exactly in any grouping."""
