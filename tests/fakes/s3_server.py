#!/usr/bin/python3
"""An S3 server for tests: it checks signatures, lists, serves, and refuses as AWS does. It breaks answers as fault_server.py.

    s3_server.py --plan FILE [--port PORT]

Listens on loopback, prints its port as one line, and ends when its standard input does. Buckets are in the path. Signatures
(AWS version 4, in headers or in the query) are checked by code of its own that shares nothing with quern's.

The plan is a JSON object:
    keys           {"AKIDEXAMPLE": {"secret": "...", "token": "...", "expired": true}}: who may sign, with which session token, if any
    region         of this server (us-east-1)
    clock          seconds by which its clock is ahead of the real one (0)
    page           how many keys a page of a listing holds at most (1000)
    encodes        false: the server knows no encoding-type
    buckets        {"data": {...}}, each with
        region     where the bucket is, if that is another region
        redirect   301 or 400: how a request for another region is refused (400)
        public     true: anonymous requests are served
        denied     a list of keys that nobody may get
        unlisted   true: nobody may list it
        busy       how many listings are refused with SlowDown before one is served
        write_denied  true: nobody may write there
        write_faults  [{"on": "put" | "begin" | "part" | "complete" | "abort", ...}]: what happens to the next such request:
                   {"status": 503}, refused; {"closes": true}, the connection is closed before it is done, or with "after" when it is
                   done; {"closes_at": 1000}, it is closed after so many bytes of the body; {"etag": "..."}, the answer has this ETag; {"error": true}, an error document with the status 200.
                   With "always": true to each of them.
        objects    {"a/b": {...}}: keys, and what is there as fault_server.py describes it
        generate   {"prefix": "p/", "count": 100000, "size": 16}: as many further objects, p/00000000 and so on

POST / with Action=GetFederationToken, AssumeRole or AssumeRoleWithWebIdentity answers as STS does; the plan's "web_identity" is the
token that it trusts. A role's credentials have its name in their id. GET /_requests is what was asked for so far, /_uploads
the keys of uploads that have begun and have not ended, /_object/BUCKET/KEY an object, without a signature.
"""

import argparse
import base64
import bisect
import datetime
import email.utils
import hashlib
import hmac
import json
import pathlib
import sys
import threading
import time
import urllib.parse
from xml.sax.saxutils import escape

import fault_server
import s3_uploads

LONGEST_SKEW_SECONDS = 900
UNRESERVED = "-_.~"


class Refusal(Exception):
    """An answer with an error document."""

    def __init__(self, status, code, message, more="", headers=None):
        super().__init__(code)
        self.status = status
        self.headers = headers or {}
        self.document = (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{escape(message)}</Message>'
            f"{more}<RequestId>REQUEST17</RequestId><HostId>host</HostId></Error>"
        ).encode()


class Bucket:
    def __init__(self, name, planned, region):
        self.name = name
        self.region = planned.get("region", region)
        self.redirect = planned.get("redirect", 400)
        self.is_public = planned.get("public", False)
        self.denied = set(planned.get("denied", ()))
        self.is_unlisted = planned.get("unlisted", False)
        self.busy = planned.get("busy", 0)
        self.is_write_denied = planned.get("write_denied", False)
        self.uploads = s3_uploads.Uploads(planned)
        self.keys = sorted(key.encode() for key in planned.get("objects", {}))
        generated = planned.get("generate")
        self.generated = None
        if generated:
            self.generated = fault_server.Stored({"size": generated.get("size", 16)})
            prefix = generated.get("prefix", "").encode()
            self.keys = sorted(self.keys + [b"%s%08d" % (prefix, number) for number in range(generated["count"])])


class Server(fault_server.Server):
    def __init__(self, port, plan):
        super().__init__(port, None)
        self.RequestHandlerClass = Handler
        self.known = plan.get("keys", {})
        self.region = plan.get("region", "us-east-1")
        self.web_identity = plan.get("web_identity")
        self.clock = plan.get("clock", 0)
        self.page = plan.get("page", 1000)
        self.encodes = plan.get("encodes", True)
        self.buckets = {name: Bucket(name, own, self.region) for name, own in plan.get("buckets", {}).items()}
        for name, own in plan.get("buckets", {}).items():
            self.add({f"/{name}/{key}": planned for key, planned in own.get("objects", {}).items()})

    def now(self):
        return time.time() + self.clock

    def find(self, bucket, key, first):
        stored, fault = self.take(f"/{bucket.name}/{key}", first)
        if stored is None and bucket.generated:
            name = key.encode("utf-8", "surrogateescape")
            index = bisect.bisect_left(bucket.keys, name)
            if index < len(bucket.keys) and bucket.keys[index] == name:
                stored = bucket.generated
        return stored, fault

    def size_and_tag(self, bucket, key):
        with self.lock:
            stored = self.objects.get(f"/{bucket.name}/{key}", bucket.generated)
        return len(stored.content), stored.etag


def hmac_sha256(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def encoded(text, safe=""):
    return urllib.parse.quote(text, safe=UNRESERVED + safe, errors="surrogateescape")


class Signature:
    """What a request claims, from its Authorization header or its query; None where it claims nothing."""

    def __init__(self, credential, names, value, date, token, payload, expires=None):
        self.key_id, self.day, self.region, self.service, end = credential.split("/")
        if end != "aws4_request":
            raise ValueError(end)
        self.names = names.split(";")
        self.value, self.date, self.token, self.payload, self.expires = value, date, token, payload, expires

    @classmethod
    def of(cls, headers, parameters):
        query = dict(parameters)
        if "X-Amz-Signature" in query:
            return cls(query["X-Amz-Credential"], query["X-Amz-SignedHeaders"], query["X-Amz-Signature"], query["X-Amz-Date"],
                       query.get("X-Amz-Security-Token"), "UNSIGNED-PAYLOAD", int(query["X-Amz-Expires"]))
        if "Authorization" not in headers:
            return None
        kind, _, rest = headers["Authorization"].partition(" ")
        if kind != "AWS4-HMAC-SHA256":
            raise ValueError(kind)
        fields = dict(field.strip().split("=", 1) for field in rest.split(","))
        return cls(fields["Credential"], fields["SignedHeaders"], fields["Signature"], headers["x-amz-date"],
                   headers.get("x-amz-security-token"), headers.get("x-amz-content-sha256"))

    def expected(self, secret, method, path, parameters, headers, payload):
        pairs = sorted((encoded(name), encoded(value)) for name, value in parameters if name != "X-Amz-Signature")
        query = "&".join(f"{name}={value}" for name, value in pairs)
        lines = "".join(f"{name}:{' '.join(','.join(headers.get_all(name, [])).split())}\n" for name in self.names)
        request = "\n".join([method, path, query, lines, ";".join(self.names), payload])
        scope = f"{self.day}/{self.region}/{self.service}/aws4_request"
        text = "\n".join(["AWS4-HMAC-SHA256", self.date, scope, hashlib.sha256(request.encode()).hexdigest()])
        key = ("AWS4" + secret).encode()
        for part in (self.day, self.region, self.service, "aws4_request"):
            key = hmac_sha256(key, part)
        return hmac_sha256(key, text).hex()


class Handler(fault_server.Handler):
    def date_time_string(self, timestamp=None):
        return email.utils.formatdate(timestamp or self.server.now(), usegmt=True)

    def cuts_off(self):
        """Whether the body of this request is not read to its end, as planned."""
        path, _, query = self.path.partition("?")
        bucket = self.server.buckets.get(urllib.parse.unquote(path, errors="surrogateescape")[1:].partition("/")[0])
        if bucket is None or self.command != "PUT":
            return False
        with self.server.lock:
            action = s3_uploads.action_of(self.command, urllib.parse.parse_qs(query))
            fault = bucket.uploads.fault_for(action, is_early=True)
        if fault:
            self.rfile.read(fault["closes_at"])
            self.close_connection = True
        return bool(fault)

    def answer(self):
        if self.cuts_off():
            return None
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/_requests":
            with self.server.lock:
                return self.send(200, {}, json.dumps(self.server.requests).encode())
        if self.path == "/_uploads":
            begun = [key for bucket in self.server.buckets.values() for key, _ in bucket.uploads.begun.values()]
            return self.send(200, {}, json.dumps(begun).encode())
        if self.path.startswith("/_object/"):
            stored = self.server.objects.get(urllib.parse.unquote(self.path.removeprefix("/_object")))
            return self.send(404, {}, b"") if stored is None else self.send(200, {"ETag": stored.etag}, stored.content)
        with self.server.lock:
            self.server.requests.append({"method": self.command, "target": self.path,
                                         "headers": {name.lower(): value for name, value in self.headers.items()}})
        try:
            self.route(body)
        except Refusal as refusal:
            self.send(refusal.status, refusal.headers | {"Content-Type": "application/xml"}, refusal.document)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = answer  # noqa: N815: names of the base class

    def route(self, body):
        path, _, query = self.path.partition("?")
        parameters = urllib.parse.parse_qsl(query, keep_blank_values=True, errors="surrogateescape")
        # Keys may begin with a slash themselves.
        name, _, key = urllib.parse.unquote(path, errors="surrogateescape")[1:].partition("/")
        host = self.headers.get("Host", "").partition(":")[0]
        if host.endswith(".localhost"):
            name, key = host.removesuffix(".localhost"), urllib.parse.unquote(path, errors="surrogateescape")[1:]
        bucket = self.server.buckets.get(name)
        signature = self.check_signature(path, parameters, body, bucket)
        if not name and self.command == "POST":
            return self.issue(body, signature)
        if bucket is None:
            raise Refusal(404, "NoSuchBucket", "The specified bucket does not exist", f"<BucketName>{name}</BucketName>")
        if signature is None and not bucket.is_public:
            raise Refusal(403, "AccessDenied", "Access Denied")
        if self.command in ("PUT", "POST", "DELETE") and key:
            return self.write(bucket, key, dict(parameters), body)
        if self.command not in ("GET", "HEAD"):
            raise Refusal(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
        if not key:
            return self.list(bucket, dict(parameters))
        if key in bucket.denied:
            raise Refusal(403, "AccessDenied", "Access Denied")
        return self.get(bucket, key)

    def write(self, bucket, key, parameters, body):
        if bucket.is_write_denied:
            raise Refusal(403, "AccessDenied", "Access Denied")
        action = s3_uploads.action_of(self.command, parameters)

        def store(stored):
            self.server.objects[f"/{bucket.name}/{key}"] = stored
            name = key.encode("utf-8", "surrogateescape")
            if name not in bucket.keys:
                bisect.insort(bucket.keys, name)
            return stored

        with self.server.lock:
            fault = bucket.uploads.fault_for(action)
            if "status" in fault:
                raise Refusal(fault["status"], "InternalError", "We encountered an internal error. Please try again.", headers={"Retry-After": "0"})
            if fault.get("error"):
                return self.send(200, {}, Refusal(200, "InternalError", "We encountered an internal error.").document)
            if not fault.get("closes") or fault.get("after"):
                try:
                    status, headers, answer = s3_uploads.perform(bucket, action, key, parameters, self.headers, body, store)
                except s3_uploads.Refused as refused:
                    raise Refusal(*refused.args) from refused
        if fault.get("closes"):
            self.close_connection = True
            return None
        if "etag" in fault:
            headers["ETag"] = fault["etag"]
        return self.send(status, headers, answer)

    def check_signature(self, path, parameters, body, bucket):
        """Who signed, or None. In the order in which AWS looks at these things."""
        try:
            signature = Signature.of(self.headers, parameters)
        except (ValueError, KeyError) as error:
            raise Refusal(400, "AuthorizationHeaderMalformed", f"The authorization header is malformed: {error!r}") from error
        region = bucket.region if bucket else self.server.region
        if signature is None:
            self.check_region(bucket, self.server.region)
            return None
        known = self.server.known.get(signature.key_id)
        if known is None:
            raise Refusal(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
        self.check_time(signature)
        if signature.region != region:
            self.check_region(bucket, signature.region)
            raise Refusal(400, "AuthorizationHeaderMalformed", f"The region '{signature.region}' is wrong; expecting '{region}'",
                          f"<Region>{region}</Region>")
        self.check_token(signature, known)
        payload = hashlib.sha256(body).hexdigest()
        if signature.payload not in (None, "UNSIGNED-PAYLOAD", payload):
            raise Refusal(400, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match")
        if signature.service == "s3" and signature.payload is None:
            raise Refusal(400, "InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
        if "host" not in signature.names:
            raise Refusal(403, "AccessDenied", "The host header must be signed")
        expected = signature.expected(known["secret"], self.command, path, parameters, self.headers, signature.payload or payload)
        if not hmac.compare_digest(expected, signature.value):
            raise Refusal(403, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided.")
        return signature

    def check_region(self, bucket, asked):
        if bucket is None or bucket.region == asked:
            return
        headers = {"x-amz-bucket-region": bucket.region}
        if bucket.redirect == 301:
            raise Refusal(301, "PermanentRedirect", "The bucket must be addressed using the specified endpoint.",
                          f"<Bucket>{bucket.name}</Bucket>", headers)
        raise Refusal(400, "AuthorizationHeaderMalformed", f"The region '{asked}' is wrong; expecting '{bucket.region}'",
                      f"<Region>{bucket.region}</Region>")

    def check_time(self, signature):
        signed = datetime.datetime.strptime(signature.date, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc).timestamp()
        late = self.server.now() - signed
        if signature.expires is not None and late > signature.expires:
            raise Refusal(403, "AccessDenied", "Request has expired")
        if (signature.expires is None and abs(late) > LONGEST_SKEW_SECONDS) or late < -LONGEST_SKEW_SECONDS:
            raise Refusal(403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large.",
                          f"<RequestTime>{signature.date}</RequestTime>")
        if signature.day != signature.date[:8]:
            raise Refusal(400, "AuthorizationHeaderMalformed", "The date of the credential is not that of the request")

    @staticmethod
    def check_token(signature, known):
        if signature.token != known.get("token"):
            raise Refusal(400, "InvalidToken", "The provided token is malformed or otherwise invalid.")
        if known.get("expired"):
            raise Refusal(400, "ExpiredToken", "The provided token has expired.")

    def get(self, bucket, key):
        wanted = self.wanted_range()
        stored, fault = self.server.find(bucket, key, wanted[0] if wanted else None)
        time.sleep(fault.get("wait", 0))
        if "status" in fault:
            return self.send(fault["status"], fault.get("headers", {}), self.refusal(fault), fault)
        if stored is None:
            raise Refusal(404, "NoSuchKey", "The specified key does not exist.", f"<Key>{escape(encoded(key, '/'))}</Key>")
        return self.send_object(stored, fault, wanted)

    def own_headers(self, stored):
        """Checksums are given to those only who ask for them."""
        asks = self.headers.get("x-amz-checksum-mode") == "ENABLED"
        return {name: value for name, value in super().own_headers(stored).items() if asks or not name.startswith("x-amz-checksum-")}

    def list(self, bucket, parameters):
        if bucket.is_unlisted:
            raise Refusal(403, "AccessDenied", "Access Denied")
        if bucket.busy > 0:
            bucket.busy -= 1
            raise Refusal(503, "SlowDown", "Please reduce your request rate.", headers={"Retry-After": "0"})
        if parameters.get("list-type") != "2":
            raise Refusal(501, "NotImplemented", "Only ListObjectsV2 is known here")
        encode = self.server.encodes and parameters.get("encoding-type") == "url"
        shown = (lambda key: encoded(key, "/").replace("%20", "+")) if encode else escape
        prefix, delimiter = parameters.get("prefix", ""), parameters.get("delimiter", "")
        after = parameters.get("start-after", "").encode()
        if "continuation-token" in parameters:
            after = base64.b64decode(parameters["continuation-token"].removesuffix("+/=").encode())
        most = min(self.server.page, int(parameters.get("max-keys", self.server.page)))
        entries, prefixes, last, is_truncated = self.page_of(bucket, prefix.encode(), delimiter.encode(), after, most)
        lines = []
        for key in entries:
            name = key.decode("utf-8", "surrogateescape")
            size, tag = self.server.size_and_tag(bucket, name)
            lines.append(f"<Contents><Key>{shown(name)}</Key><LastModified>2026-11-05T08:00:00.000Z</LastModified>"
                         f"<ETag>{escape(tag, {chr(34): '&quot;'})}</ETag><Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>")
        for common in prefixes:
            lines.append(f"<CommonPrefixes><Prefix>{shown(common.decode())}</Prefix></CommonPrefixes>")
        if is_truncated:
            # An odd one: whoever does not encode it gets it wrong.
            lines.append(f"<NextContinuationToken>{base64.b64encode(last).decode()}+/=</NextContinuationToken>")
        document = (f'<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
                    f"<Name>{bucket.name}</Name><Prefix>{shown(prefix)}</Prefix><KeyCount>{len(entries) + len(prefixes)}</KeyCount>"
                    f"<MaxKeys>{most}</MaxKeys>{'<EncodingType>url</EncodingType>' if encode else ''}"
                    f"<IsTruncated>{'true' if is_truncated else 'false'}</IsTruncated>{''.join(lines)}</ListBucketResult>")
        self.send(200, {"Content-Type": "application/xml", "x-amz-bucket-region": bucket.region}, document.encode())

    @staticmethod
    def page_of(bucket, prefix, delimiter, after, most):
        """Keys, common prefixes, what the page ends with, and whether more follows."""
        entries, prefixes, last = [], [], b""
        index = max(bisect.bisect_left(bucket.keys, prefix), bisect.bisect_right(bucket.keys, after))
        while index < len(bucket.keys) and bucket.keys[index].startswith(prefix):
            key = bucket.keys[index]
            end = key.find(delimiter, len(prefix)) if delimiter else -1
            common = key[: end + len(delimiter)] if end >= 0 else None
            if common is not None and after.startswith(common):
                index += 1
                continue
            if len(entries) + len(prefixes) == most:
                return entries, prefixes, last, True
            if common is None:
                entries.append(key)
                last = key
                index += 1
            else:
                prefixes.append(common)
                last = common
                # Behind everything that begins with it.
                index = bisect.bisect_left(bucket.keys, common[:-1] + bytes([common[-1] + 1]))
        return entries, prefixes, last, False

    def issue(self, body, signature):
        fields = dict(urllib.parse.parse_qsl(body.decode()))
        action = fields.get("Action")
        if action not in ("GetFederationToken", "AssumeRole", "AssumeRoleWithWebIdentity") or fields.get("Version") != "2011-06-15":
            raise Refusal(400, "InvalidAction", "Could not find operation for version")
        if action == "AssumeRoleWithWebIdentity":
            if fields["WebIdentityToken"] != self.server.web_identity:
                raise Refusal(400, "InvalidIdentityToken", "No OpenIDConnect provider found in your account")
        elif signature is None or signature.service != "sts":
            raise Refusal(403, "MissingAuthenticationToken", "Request is missing Authentication Token")
        if action == "GetFederationToken" and json.loads(fields["Policy"])["Version"] != "2012-10-17":
            raise Refusal(400, "MalformedPolicyDocument", "Syntax errors in policy.")
        ends = datetime.datetime.fromtimestamp(self.server.now() + int(fields.get("DurationSeconds", 3600)), datetime.timezone.utc)
        token = "FEDERATED/" + fields.get("Name", "") + fields.get("RoleSessionName", "")
        key_id = "ASIA" + (fields["RoleArn"].rpartition("/")[2] if "RoleArn" in fields else "FEDERATED")
        with self.server.lock:
            self.server.known[key_id] = {"secret": "federated/secret+=", "token": token}
        document = (f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result>'
                    f"<Credentials><SessionToken>{token}</SessionToken><SecretAccessKey>federated/secret+=</SecretAccessKey>"
                    f"<Expiration>{ends:%Y-%m-%dT%H:%M:%SZ}</Expiration><AccessKeyId>{key_id}</AccessKeyId></Credentials>"
                    f"</{action}Result></{action}Response>")
        self.send(200, {"Content-Type": "text/xml"}, document.encode())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plan", type=pathlib.Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    server = Server(options.port, json.loads(options.plan.read_text()))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.buffer.read()


if __name__ == "__main__":
    main()
