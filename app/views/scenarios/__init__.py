"""The Scenarios view."""
