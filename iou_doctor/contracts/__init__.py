"""Stats -> Score: what each metric implementation reports, one file a library."""
