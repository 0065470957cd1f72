"""Engines: run a check on the processes of a cluster, one file for each kind of cluster."""
