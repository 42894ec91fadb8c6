"""Errors that speak to the person who can act: what was expected, what was found, what to try."""


class DynSTError(Exception):
    """Base of every error this package raises on purpose; its text is one sentence for the user."""


class DataError(DynSTError):
    """A data file or table cannot be turned into a Field."""


class ConfigError(DynSTError):
    """A setting is out of range or contradicts another."""


class BudgetError(DynSTError):
    """A number of sites was asked for that the site set cannot give."""


class RunError(DynSTError):
    """A saved run is missing, damaged, foreign or from a newer version."""


class NameTakenError(RunError):
    """A run cannot have a name since another one has it."""


class ConstraintError(DynSTError):
    """What a planner insists on is malformed or cannot be met."""


class PlanError(DynSTError):
    """A plan file is damaged, foreign or from a newer version."""


class JobError(DynSTError):
    """A training job cannot be queued, or its files cannot be read."""
