"""A web server of one folder, on this machine."""

from __future__ import annotations

import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Server:
    """A web server of one folder on this machine, as the host `localhost`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.asked = folder, list[str]()
        asked = self.asked

        class Handler(SimpleHTTPRequestHandler):
            def __init__(self, *args: object, **more: object) -> None:
                super().__init__(*args, directory=str(folder), **more)  # type: ignore[arg-type]

            def do_GET(self) -> None:
                asked.append(self.path)
                if self.path.startswith("/to/"):
                    self.send_response(302)
                    self.send_header("Location", self.path[4:])
                    self.end_headers()
                    return
                super().do_GET()

            def log_message(self, *args: object) -> None: ...

        self.running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.running.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://localhost:{self.running.server_address[1]}"
