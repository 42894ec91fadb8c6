"""Selectors: functions that rank all sites, and what they have in common."""
