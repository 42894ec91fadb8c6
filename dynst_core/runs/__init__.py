"""Saved runs: their files, their checks, and the store that holds them."""
