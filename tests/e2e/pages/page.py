"""Answer TEXT with the release and a greeting on port 3000; /slow=N waits N seconds."""

import os
import signal
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Page(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path.startswith("/slow"):
            time.sleep(float(self.path.split("=")[1]))
        body = f"TEXT {os.environ.get('RELEASE')} {os.environ.get('GREETING', '')}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, text, *args):
        print("request", self.path, flush=True)


signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
print("listening", flush=True)
ThreadingHTTPServer(("", 3000), Page).serve_forever()
