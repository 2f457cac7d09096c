"""The index behind HTTP: an API for machines, a webhook for Miniflux, and the wall of stories for people."""
