"""Faults tried again and again: `python -m tests.faults`, in no collection of pytest's own."""
