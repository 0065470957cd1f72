"""The casebook: hundreds of sick and healthy data sets whose diagnosis is known.

`PYTHONPATH=tests python -m casebook` from the repository's root runs all of it.
"""
