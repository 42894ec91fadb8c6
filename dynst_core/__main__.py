"""The command line: `python -m dynst_core`."""

from dynst_core.cli.main import main

main()
