"""What every reader of a file uses: settings, units, text, numbers and times."""
