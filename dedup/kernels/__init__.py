"""Compiled loops over flat arrays (`native`), each with a slow twin that specifies it (`reference`)."""
