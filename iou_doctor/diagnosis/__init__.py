"""Run the whole flow: read, count, score, check, and report what repairs are worth."""
