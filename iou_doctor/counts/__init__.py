"""The counts that one pass over the data gathers: integers that add up exactly in any order."""
