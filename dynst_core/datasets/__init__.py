"""The data sets known by name, and their files."""
