"""What each column, axis and file is taken for, with reasons."""
