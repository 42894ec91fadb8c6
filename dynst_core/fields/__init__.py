"""What was measured, where and when: sites, fields, masks over them, windows and error metrics."""
