"""Understand code that contains a metric's call: the code is parsed and never run."""
