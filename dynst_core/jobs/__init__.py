"""Trainings as background jobs, each a folder of files."""
