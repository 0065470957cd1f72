"""Run the whole flow: read, count, score, check, and report how much each repair gains."""
