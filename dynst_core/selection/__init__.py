"""Criteria that choose sites along the training path."""
