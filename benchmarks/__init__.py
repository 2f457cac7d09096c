"""Synthetic feeds with truth, and honest measurements of engines on them."""
