"""Say hello on port 3000, with the release that answers in the first line."""

import os
import signal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import FrameType

TEXT = "{greeting} from {app} {release}\nThis line is yours: change it in web.py and deploy.\n"


class Hello(BaseHTTPRequestHandler):
    """Answer every GET and HEAD with the greeting."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Send the greeting."""
        env = os.environ
        text = TEXT.format(
            greeting=env.get("GREETING", "Hello"),
            app=env.get("APP", "hello"),
            release=env.get("RELEASE", "nowhere"),
        )
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET


class Server(ThreadingHTTPServer):
    """One thread a request."""

    request_queue_size = 128


def leave(_signal: int, _frame: FrameType | None) -> None:
    """Stop at once: nothing here needs more time."""
    raise SystemExit(0)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, leave)
    port = int(os.environ.get("PORT", "3000"))
    Server(("", port), Hello).serve_forever()
