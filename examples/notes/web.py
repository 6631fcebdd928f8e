"""The page: GET / shows the notes, POST /notes adds one, GET /notes is the same as JSON."""

import html
import json
import os
import signal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import notes

LONGEST = 10_000
PAGE = """<!doctype html><title>Notes</title>
<h1>{count} notes, seen {seen} times</h1>
<form method="post" action="/notes"><input name="text" autofocus><button>Add</button></form>
<ul>{items}</ul>
<p>release {release}</p>
"""


class Page(BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Show the notes."""
        if self.path == "/health":
            self.answer(200, "text/plain", "ok\n")
        elif self.path == "/notes":
            self.answer(200, "application/json", json.dumps(notes.newest(), indent=2) + "\n")
        elif self.path == "/":
            self.answer(200, "text/html; charset=utf-8", self.page())
        else:
            self.answer(404, "text/plain", "there is no such page\n")

    def do_POST(self) -> None:
        """Add a note."""
        size = int(self.headers.get("Content-Length") or 0)
        if self.path != "/notes" or not 0 < size <= LONGEST:
            self.close_connection = True
            self.answer(400, "text/plain", "send a note of up to 10000 bytes to /notes\n")
            return
        text = parse_qs(self.rfile.read(size).decode()).get("text", [""])[0].strip()
        if not text:
            self.answer(400, "text/plain", "the note is empty\n")
            return
        number = notes.add(text)
        self.answer(303, "text/plain", f"{number}\n", Location="/")

    def page(self) -> str:
        """Return the page as HTML."""
        with notes.cache() as cache:
            seen = cache.run("INCR", "seen")
        items = "".join(
            f"<li>{html.escape(str(note['text']))} ({note['words'] or 'not yet counted'} words)"
            for note in notes.newest()
        )
        release = os.environ.get("RELEASE", "")
        return PAGE.format(count=notes.count(), seen=seen, items=items, release=release)

    def answer(self, status: int, kind: str, text: str, **headers: str) -> None:
        """Send an answer."""
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    notes.prepare()
    ThreadingHTTPServer(("", 3000), Page).serve_forever()
