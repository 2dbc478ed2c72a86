#!/usr/bin/python3
"""An HTTP server for tests that serves objects from memory or a folder and breaks its answers as it is told.

    fault_server.py [--plan FILE] [--folder FOLDER] [--port PORT]

Listens on loopback, prints its port as one line, and ends when its standard input does, so that it never outlives a test.

The plan is a JSON object from paths to what is there: {"/a": {"text": "hello"}, "/b": {"size": 5000, "faults": [...]}}.
    text, size     the object's bytes; of `size`, they are lines of 16 bytes with the number of each: 000000000000000\\n
    base64         the bytes of an object that is no text
    file           the path of a file with the bytes
    gzip           true: stored as gzip, and served with Content-Encoding: gzip
    etag           with its quotes; the MD5 of the bytes if it is not given, no header if it is ""
    headers        further headers of every answer
    head_headers   further headers of the answers to HEAD
    parts          sizes of the parts that it was uploaded in: the ETag is made of theirs, and HEAD with ?partNumber=N tells of
                   the N-th, unless `tells_parts` is false
    faults         what happens to the requests for it, one after the other; after the last one all is well
Every request, by GET, HEAD, POST or PUT, takes the next fault that is for it. A fault is an object with any of these keys:
    when_first     only a request whose Range begins there takes this fault
    always         true: it stays in the list
    status, headers, body, s3_error   another answer than the object; s3_error is the Code of an error document
    redirect       the Location of a redirect (status 307, or `status`)
    reset_after, close_after, stall_after   bytes of the body after which the connection is reset, closed, or hangs
    content_length a wrong one
    corrupt        true: the first byte of the body is another one
    answer_etag    another ETag
    ignore_range   true: a range is answered with 200 and everything
    short_range    a range is answered with no more bytes than these
    chunked, until_close   true: the body is sent in chunks, or ends with the connection; there is no Content-Length
    slow           seconds to wait before each 16 KiB of the body
    trickle        seconds to wait before each byte of the body
    wait           seconds to wait before the answer
    change         what is there from now on, before this request is answered

The plan's "certificate" is no path: it names a PEM file with a certificate and its key, and the server then speaks TLS.

POST /_plan adds to the plan, /_requests is what was asked for so far: [{"method", "target", "headers", "body"}, ...].
"""

import argparse
import base64
import fcntl
import gzip
import hashlib
import json
import os
import pathlib
import socket
import ssl
import struct
import sys
import threading
import time
import urllib.parse

import plain_http

CHUNK_BYTES = 16384


class Stored:
    """An object as it is stored, and what happens to those who ask for it."""

    def __init__(self, planned):
        if "size" in planned:
            lines = (f"{number:015d}\n" for number in range(planned["size"] // 16 + 1))
            content = "".join(lines).encode()[: planned["size"]]
        elif "base64" in planned:
            content = base64.b64decode(planned["base64"])
        elif "file" in planned:
            content = pathlib.Path(planned["file"]).read_bytes()
        else:
            content = planned.get("text", "").encode()
        self.is_gzip = planned.get("gzip", False)
        self.content = gzip.compress(content, mtime=0) if self.is_gzip else content
        self.etag = planned.get("etag", f'"{hashlib.md5(self.content).hexdigest()}"')
        self.headers = planned.get("headers", {})
        self.head_headers = planned.get("head_headers", {})
        self.parts = planned.get("parts", [])
        self.tells_parts = planned.get("tells_parts", True)
        if self.parts:
            begins = [sum(self.parts[:number]) for number in range(len(self.parts))]
            digests = [hashlib.md5(self.content[begin : begin + size]).digest() for begin, size in zip(begins, self.parts)]
            self.etag = f'"{hashlib.md5(b"".join(digests)).hexdigest()}-{len(digests)}"'
        self.faults = list(planned.get("faults", []))


class Server(plain_http.Server):
    def __init__(self, port, folder):
        super().__init__(("127.0.0.1", port), Handler)
        self.lock = threading.Lock()
        self.folder = folder
        self.objects = {}
        self.requests = []

    def add(self, plan):
        made = {path: Stored(planned) for path, planned in plan.items()}
        with self.lock:
            self.objects.update(made)

    def take(self, path, first):
        """The object at a path, or None, and the fault that is for this request."""
        with self.lock:
            stored = self.objects.get(path)
            fault = {}
            for index, candidate in enumerate(stored.faults if stored else ()):
                if candidate.get("when_first", first) != first:
                    continue
                fault = candidate if candidate.get("always") else stored.faults.pop(index)
                break
            if "change" in fault:
                changed = Stored(fault["change"])
                changed.faults = stored.faults + changed.faults
                self.objects[path] = stored = changed
        if stored is None and self.folder is not None:
            file = (self.folder / path.lstrip("/")).resolve()
            if file.is_relative_to(self.folder) and file.is_file():
                stored = Stored({"text": ""})
                stored.content = file.read_bytes()
                stored.etag = f'"{hashlib.md5(stored.content).hexdigest()}"'
        return stored, fault


class Handler(plain_http.Handler):
    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.partition("?")[0]
        if path == "/_plan":
            self.server.add(json.loads(body))
            return self.send(200, {}, b"")
        if path == "/_requests":
            with self.server.lock:
                return self.send(200, {}, json.dumps(self.server.requests).encode())
        with self.server.lock:
            self.server.requests.append(
                {
                    "method": self.command,
                    "target": self.path,
                    "headers": {name.lower(): value for name, value in self.headers.items()},
                    "body": body.decode("latin-1"),
                }
            )
        wanted = self.wanted_range()
        stored, fault = self.server.take(path, wanted[0] if wanted else None)
        time.sleep(fault.get("wait", 0))
        if "redirect" in fault:
            return self.send(fault.get("status", 307), {"Location": fault["redirect"]}, b"elsewhere", fault)
        if "status" in fault:
            return self.send(fault["status"], fault.get("headers", {}), self.refusal(fault), fault)
        if stored is None:
            return self.send(404, {}, self.refusal({"s3_error": "NoSuchKey"}))
        return self.send_object(stored, fault, wanted)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = answer  # noqa: N815: names of the base class

    def wanted_range(self):
        text = self.headers.get("Range", "")
        if not text.startswith("bytes="):
            return None
        first, _, last = text[len("bytes=") :].partition("-")
        return int(first), int(last)

    @staticmethod
    def refusal(fault):
        if "s3_error" not in fault:
            return fault.get("body", "refused").encode()
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>' + fault["s3_error"] + "</Code><Message>"
            "It was planned &amp; done.</Message><Resource>/x</Resource><RequestId>REQUEST17</RequestId></Error>"
        ).encode()

    def own_headers(self, stored):
        return {**stored.headers, **(stored.head_headers if self.command == "HEAD" else {})}

    def send_object(self, stored, fault, wanted):
        content, status, headers = stored.content, 200, self.own_headers(stored)
        if stored.is_gzip:
            headers["Content-Encoding"] = "gzip"
        etag = fault.get("answer_etag", stored.etag)
        if etag:
            headers["ETag"] = etag
        headers["Accept-Ranges"] = "bytes"
        if self.headers.get("If-Match", etag) != etag:
            return self.send(412, {}, self.refusal({"s3_error": "PreconditionFailed"}))
        if self.headers.get("If-None-Match", "") == etag != "":
            return self.send(304, headers, b"")
        if wanted and not fault.get("ignore_range"):
            first, last = wanted[0], min(wanted[1], len(content) - 1)
            if first >= len(content):
                return self.send(416, {"Content-Range": f"bytes */{len(content)}"}, self.refusal({"s3_error": "InvalidRange"}))
            last = min(last, first + fault.get("short_range", last - first + 1) - 1)
            status, headers["Content-Range"] = 206, f"bytes {first}-{last}/{len(content)}"
            content = content[first : last + 1]
        number = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query).get("partNumber")
        if number and stored.parts and stored.tells_parts and self.command == "HEAD":
            status, content = 206, bytes(stored.parts[int(number[0]) - 1])
            headers["x-amz-mp-parts-count"] = str(len(stored.parts))
        if fault.get("corrupt"):
            content = bytes([content[0] ^ 1]) + content[1:]
        return self.send(status, headers, content, fault)

    def send(self, status, headers, body, fault=None):
        fault = fault or {}
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        is_chunked = fault.get("chunked", False)
        if is_chunked:
            self.send_header("Transfer-Encoding", "chunked")
        elif fault.get("until_close"):
            self.send_header("Connection", "close")
            self.close_connection = True
        elif status != 304:
            self.send_header("Content-Length", str(fault.get("content_length", len(body))))
        self.end_headers()
        if self.command == "HEAD" or status == 304:
            return
        self.send_body(body, fault, is_chunked)

    def send_body(self, body, fault, is_chunked):
        ends = {end: fault[end] for end in ("reset_after", "close_after", "stall_after") if end in fault}
        sent_bytes = min([len(body), *ends.values()])
        step = 1 if "trickle" in fault else CHUNK_BYTES if "slow" in fault or is_chunked else max(sent_bytes, 1)
        for begin in range(0, max(sent_bytes, 1), step):
            piece = body[begin : min(sent_bytes, begin + step)]
            time.sleep(fault.get("slow", fault.get("trickle", 0)))
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if is_chunked else piece)
            self.wfile.flush()
        if "stall_after" in fault:
            # Until the client has enough of it.
            self.connection.recv(1)
        if "reset_after" in fault:
            self.wait_until_sent()
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if ends or "content_length" in fault:
            self.close_connection = True
            if "reset_after" in fault:
                # Closed here, as the base class would shut it down in order first.
                os.close(self.connection.detach())
        elif is_chunked:
            self.wfile.write(b"0\r\n\r\n")

    def wait_until_sent(self):
        """A reset throws away what the client has not acknowledged."""
        siocoutq = 0x5411
        while struct.unpack("i", fcntl.ioctl(self.connection, siocoutq, b"\0\0\0\0"))[0] > 0:
            time.sleep(0.001)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plan", type=pathlib.Path)
    parser.add_argument("--folder", type=pathlib.Path)
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    server = Server(options.port, options.folder and options.folder.resolve())
    plan = json.loads(options.plan.read_text()) if options.plan else {}
    certificate = plan.pop("certificate", None)
    server.add(plan)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.buffer.read()


if __name__ == "__main__":
    main()
