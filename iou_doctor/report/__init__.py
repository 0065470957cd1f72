"""The parts of a report: findings, verdict, baseline and score lookup."""
