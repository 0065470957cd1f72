"""Hostile input for the command line: seeds, mutations, a sandbox, and what must hold.

PYTHONPATH=tests python -m fuzz --minutes 10 --seed 1
"""
