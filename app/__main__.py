"""`python -m app`: start the dashboard; options are those of `streamlit run`."""

from __future__ import annotations

import sys
from pathlib import Path

from streamlit.web import cli

if __name__ == "__main__":
    script = str(Path(__file__).with_name("main.py"))
    sys.argv = ["streamlit", "run", script, "--server.showEmailPrompt", "false", *sys.argv[1:]]
    sys.exit(cli.main())
