"""What is read how, and what is refused: every case is a test and a row of docs/reading.md.

Each module here holds `CASES`, a tuple of `Case`; `tests/datasets/test_reading.py` runs them and
`python -m scripts.reading_page` writes the page from what they gave.
"""
