"""Compiled kernels: no validation, no Python objects, the interpreter lock released."""
