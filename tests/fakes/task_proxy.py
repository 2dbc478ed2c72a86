"""The proxy of a task, as workers start one: an HTTP server on loopback that signs requests with the task's credentials.

It passes answers back as they are, and does not follow redirects.
"""

import http.client
import threading
import urllib.parse

import hawk
import plain_http

# Of a request or an answer, what is about the connection and not about the content.
OF_THE_CONNECTION = {"authorization", "connection", "content-length", "host", "keep-alive", "transfer-encoding", "date", "server"}


class Proxy(plain_http.Server):
    """For one task. `credentials` may be replaced, as they are when a worker claims its task again.

    What fails is repeated for `seconds`, 15 minutes with the real one.
    """

    def __init__(self, root_url, credentials, scopes, seconds=900):
        super().__init__(("127.0.0.1", 0), Handler)
        self.root_url, self.credentials, self.scopes, self.seconds = root_url, credentials, scopes, seconds
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def end(self):
        self.shutdown()
        self.server_close()
        self.thread.join()


class Handler(plain_http.Handler):
    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/bewit":
            url = hawk.signed_url(self.server.credentials, body.decode(), 3600, self.server.scopes)
            return self.send(303, [("Location", url), ("Content-Type", "text/plain")], url.encode())
        if not self.path.startswith("/api/"):
            return self.send(404, [("Content-Type", "text/plain")], b"the proxy knows only /api/ and /bewit")
        parts = urllib.parse.urlsplit(self.server.root_url)

        def headers():
            kept = {name: value for name, value in self.headers.items() if name.lower() not in OF_THE_CONNECTION}
            code = hawk.header(self.server.credentials, self.command, self.path, parts.netloc, self.server.scopes)
            return kept | {"Authorization": code, "Content-Length": str(len(body))}

        try:
            url = self.server.root_url + self.path
            status, answered, content = hawk.send_with_patience(url, self.command, headers, body, self.server.seconds)
        except (OSError, http.client.HTTPException) as error:
            return self.send(500, [("Content-Type", "text/plain")], f"Failed during proxy request: {error}".encode())
        return self.send(status, [one for one in answered.items() if one[0].lower() not in OF_THE_CONNECTION], content)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = answer  # noqa: N815: names of the base class

    def send(self, status, headers, body):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body)
