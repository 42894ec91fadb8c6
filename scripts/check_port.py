"""Say in one line that a port is taken, before a server fails on it with a traceback."""

import socket
import sys


def main() -> None:
    """Exit with one line when nothing can listen on the port that the first argument names."""
    text = sys.argv[1]
    if not (text.isdigit() and 0 < int(text) < 65536):
        sys.exit(f"Expected a port from 1 to 65535, found {text!r}; try: make app PORT=8501")
    with socket.socket() as probe:
        # As servers do: a connection that is closing does not hold the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(text)))
        except OSError as error:
            other = int(text) % 65535 + 1
            sys.exit(
                f"Expected port {text} to be free, found it in use ({error.strerror}); "
                f"stop what runs there, or choose another, as in: make app PORT={other}"
            )


if __name__ == "__main__":
    main()
