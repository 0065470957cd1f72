"""Folders and lists of files, and how the names of two of them pair up."""
