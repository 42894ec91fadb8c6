"""Constraints of a plan, and the solver that obeys them."""
