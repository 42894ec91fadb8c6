"""Files that leave the program: reports, tables and CF files."""
