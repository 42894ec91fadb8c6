"""Files of every kind that planners bring, recognised by content."""
