"""From counts to scores: what each metric implementation reports for these arrays."""
