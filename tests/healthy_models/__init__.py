"""Healthy models of many kinds, which must not be refused; each is built small and untrained."""
