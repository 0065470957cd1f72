"""The configuration file: find it, validate its options, and write a new one."""
