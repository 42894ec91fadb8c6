"""What the planner has chosen, in the session and in the link."""
