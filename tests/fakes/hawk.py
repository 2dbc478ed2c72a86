"""Hawk as Taskcluster uses it, for those who sign: workers, the proxies of tasks, and tests.

Shares nothing with quern's own. What the deployment checks is in taskcluster_access.py.
"""

import base64
import hashlib
import hmac
import http.client
import json
import secrets
import time
import urllib.parse

from taskcluster_terms import Refused, slugid, url_safe


def mac(key, text):
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode()


def request_mac(key, kind, method, resource, host_and_port, fields):
    """Of a header (hawk.1.header) or a signed URL (hawk.1.bewit)."""
    host, _, port = host_and_port.partition(":")
    lines = [kind, fields["ts"], fields.get("nonce", ""), method, resource, host.lower(), port or "80"]
    return mac(key, "\n".join([*lines, fields.get("hash", ""), fields.get("ext", "")]) + "\n")


def certificate_mac(key, client_id, certificate):
    lines = ["version:1"]
    if "issuer" in certificate:
        lines += [f"clientId:{client_id}", f"issuer:{certificate['issuer']}"]
    lines += [f"seed:{certificate['seed']}", f"start:{certificate['start']}", f"expiry:{certificate['expiry']}", "scopes:"]
    return mac(key, "\n".join(lines + certificate["scopes"]))


def temporary_token(key, seed):
    return url_safe(hmac.new(key.encode(), seed.encode(), hashlib.sha256).digest())


def temporary_credentials(issuer, key, client_id, scopes, start, expiry):
    """Named ones, unless they are named as their issuer is; times in seconds since 1970."""
    certificate = {"version": 1, "scopes": list(scopes), "start": int(start * 1000), "expiry": int(expiry * 1000)}
    certificate["seed"] = slugid() + slugid()
    if client_id != issuer:
        certificate["issuer"] = issuer
    certificate["signature"] = certificate_mac(key, client_id, certificate)
    return {
        "clientId": client_id,
        "accessToken": temporary_token(key, certificate["seed"]),
        "certificate": json.dumps(certificate),
    }


def ext_of(credentials, authorized):
    said = {}
    if credentials.get("certificate"):
        said["certificate"] = json.loads(credentials["certificate"])
    if authorized is not None:
        said["authorizedScopes"] = authorized
    return base64.b64encode(json.dumps(said, separators=(",", ":")).encode()).decode() if said else ""


def header(credentials, method, resource, host_and_port, authorized=None, clock_offset=0):
    """The Authorization header of one request; `authorized` restricts it to these scopes."""
    fields = {"ts": str(int(time.time() + clock_offset)), "nonce": secrets.token_hex(4), "ext": ext_of(credentials, authorized)}
    fields["mac"] = request_mac(credentials["accessToken"], "hawk.1.header", method, resource, host_and_port, fields)
    named = {"id": credentials["clientId"]} | fields
    return "Hawk " + ", ".join(f'{name}="{value}"' for name, value in named.items() if value)


def signed_url(credentials, url, seconds, authorized=None):
    parts = urllib.parse.urlsplit(url)
    resource = parts.path + ("?" + parts.query if parts.query else "")
    fields = {"ts": str(int(time.time()) + seconds), "ext": ext_of(credentials, authorized)}
    code = request_mac(credentials["accessToken"], "hawk.1.bewit", "GET", resource, parts.netloc, fields)
    bewit = url_safe("\\".join([credentials["clientId"], fields["ts"], code, fields["ext"]]).encode())
    return f"{url}{'&' if parts.query else '?'}bewit={bewit}"


def send(url, method, headers, body):
    """(status, headers, body) of one request, whose answer is neither followed nor decoded."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    try:
        resource = parts.path + ("?" + parts.query if parts.query else "")
        connection.request(method, resource, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def send_with_patience(url, method, headers_of_attempt, body, seconds=3):
    """As a worker and its proxies: 5xx, 429 and broken connections are repeated for so long, with headers made anew."""
    end = time.monotonic() + seconds
    wait = 0.02
    while True:
        is_last = time.monotonic() + wait > end
        try:
            answer = send(url, method, headers_of_attempt(), body)
            if is_last or (answer[0] < 500 and answer[0] != 429):
                return answer
        except (OSError, http.client.HTTPException):
            if is_last:
                raise
        time.sleep(wait)
        wait = min(2 * wait, 1)


class Client:
    """Somebody's requests to a deployment. `credentials` may be replaced at any time. What fails is repeated for `seconds`."""

    def __init__(self, root_url, credentials, seconds=3):
        self.root_url, self.credentials, self.seconds = root_url, credentials, seconds

    def call(self, method, path, given=None):
        """The answer of `/api/` and this path, as JSON where it is; Refused for 400 and above."""
        url = f"{self.root_url}/api/{path}"
        parts = urllib.parse.urlsplit(url)
        resource = parts.path + ("?" + parts.query if parts.query else "")
        body = b"" if given is None else json.dumps(given).encode()

        def headers():
            own = {"Authorization": header(self.credentials, method, resource, parts.netloc)} if self.credentials else {}
            return own | ({} if given is None else {"Content-Type": "application/json"}) | {"Content-Length": str(len(body))}

        status, answered, content = send_with_patience(url, method, headers, body, self.seconds)
        is_json = answered.get("Content-Type", "").startswith("application/json")
        answer = json.loads(content) if content and is_json else content
        if status >= 400:
            known = answer if isinstance(answer, dict) else {}
            raise Refused(status, known.get("code", ""), known.get("message", str(answer)))
        return answer
