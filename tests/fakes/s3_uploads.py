"""What s3_server.py does with PUT, POST and DELETE of an object: uploads whole and in parts, as S3 does, and their faults."""

import base64
import hashlib
import re
from xml.sax.saxutils import escape

import fault_server

LEAST_PART_BYTES = 5 << 20
MOST_PARTS = 10000


class Refused(Exception):
    """The status, the code and the message of an error document."""


class Uploads:
    """Those of one bucket that have begun and have not ended."""

    def __init__(self, planned):
        self.begun = {}
        self.last_id = 0
        self.least_part_bytes = planned.get("least_part_bytes", LEAST_PART_BYTES)
        self.faults = list(planned.get("write_faults", []))

    def fault_for(self, action, is_early=False):
        """Early ones happen before the body has been read."""
        for index, fault in enumerate(self.faults):
            if fault.get("on", action) == action and ("closes_at" in fault) == is_early:
                return fault if fault.get("always") else self.faults.pop(index)
        return {}

    def begin(self, key):
        self.last_id += 1
        # One that must be encoded in a query.
        upload_id = f"id/{self.last_id}+="
        self.begun[upload_id] = (key, {})
        return upload_id

    def of(self, upload_id, key):
        if self.begun.get(upload_id, ("",))[0] != key:
            raise Refused(404, "NoSuchUpload", "The specified multipart upload does not exist.")
        return self.begun[upload_id][1]

    def add(self, upload_id, key, number, content):
        if not 1 <= number <= MOST_PARTS:
            raise Refused(400, "InvalidArgument", "Part number must be an integer between 1 and 10000")
        self.of(upload_id, key)[number] = content

    def join(self, upload_id, key, document):
        """The parts' contents, as the document lists them."""
        parts = self.of(upload_id, key)
        named = re.findall(r"<Part><PartNumber>(\d+)</PartNumber><ETag>([^<]+)</ETag></Part>", document)
        numbers = [int(number) for number, _ in named]
        if not named or numbers != sorted(set(numbers)):
            raise Refused(400, "InvalidPartOrder", "The list of parts was not in ascending order.")
        for number, etag in named:
            if int(number) not in parts or etag.replace("&quot;", '"') != etag_of(parts[int(number)]):
                raise Refused(400, "InvalidPart", "One or more of the specified parts could not be found.")
        contents = [parts[number] for number in numbers]
        if any(len(content) < self.least_part_bytes for content in contents[:-1]):
            raise Refused(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size")
        del self.begun[upload_id]
        return contents


def etag_of(content):
    return f'"{hashlib.md5(content).hexdigest()}"'


def check_digest(headers, content):
    wanted = headers.get("Content-MD5")
    if wanted is None:
        raise Refused(400, "InvalidRequest", "This server wants the Content-MD5 of what is uploaded")
    if base64.b64decode(wanted) != hashlib.md5(content).digest():
        raise Refused(400, "BadDigest", "The Content-MD5 you specified did not match what we received.")


def action_of(method, parameters):
    if method == "PUT":
        return "part" if "partNumber" in parameters else "put"
    if method == "POST":
        return "begin" if "uploads" in parameters else "complete"
    return "abort"


def perform(bucket, action, key, parameters, headers, body, store):
    """Returns the status, the headers and the body of the answer. `store` takes what is now the object."""
    uploads = bucket.uploads
    upload_id = parameters.get("uploadId", "")
    if action == "put":
        check_digest(headers, body)
        return 200, {"ETag": store(stored_of([body], False)).etag}, b""
    if action == "part":
        check_digest(headers, body)
        uploads.add(upload_id, key, int(parameters["partNumber"]), body)
        return 200, {"ETag": etag_of(body)}, b""
    if action == "begin":
        return 200, {}, document("InitiateMultipartUploadResult", UploadId=uploads.begin(key))
    if action == "complete":
        stored = store(stored_of(uploads.join(upload_id, key, body.decode()), True))
        return 200, {}, document("CompleteMultipartUploadResult", ETag=stored.etag)
    uploads.of(upload_id, key)
    del uploads.begun[upload_id]
    return 204, {}, b""


def document(name, **fields):
    lines = "".join(f"<{field}>{escape(value, {chr(34): '&quot;'})}</{field}>" for field, value in fields.items())
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{name} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{lines}</{name}>'.encode()


def stored_of(contents, has_parts):
    stored = fault_server.Stored({"text": ""})
    stored.content = b"".join(contents)
    stored.etag = etag_of(stored.content)
    if has_parts:
        digests = b"".join(hashlib.md5(content).digest() for content in contents)
        stored.etag = f'"{hashlib.md5(digests).hexdigest()}-{len(contents)}"'
    return stored
