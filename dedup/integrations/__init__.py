"""The index inside other people's programs; each file imports what it is for."""
