"""Who asks the fake deployment, and what they may do: clients, roles, certificates, Hawk headers and signed URLs."""

import base64
import hashlib
import hmac
import json
import re

import hawk
from taskcluster_terms import require, satisfies

QUEUE_ID, QUEUE_KEY = "static/taskcluster/queue", "the queue's own key"  # who issues what tasks and downloads get
LONGEST_HEADER = 4096
LONGEST_RESOURCE = 4096
SKEW_SECONDS = 900  # of a request
CERTIFICATE_SKEW_MS = 300_000
LONGEST_CERTIFICATE_MS = 31 * 86_400_000


def refuse_unless(condition, message):
    require(condition, 401, "AuthenticationFailed", message)


class Access:
    """Borrows the plan, which may change; `now` gives the deployment's time."""

    def __init__(self, plan, now):
        self.plan, self.now = plan, now

    def expand(self, scopes):
        """With the scopes of all the roles that they assume."""
        found, queue = [], list(scopes)
        while queue:
            scope = queue.pop(0)
            if scope in found:
                continue
            found.append(scope)
            for role, more in self.plan.get("roles", {}).items():
                if satisfies([scope], f"assume:{role}") or (role.endswith("*") and scope.startswith(f"assume:{role[:-1]}")):
                    queue += more
        return found

    def anonymous(self):
        """What everybody may do."""
        return self.expand(["assume:anonymous", *self.plan.get("anonymous", [])])

    def key_of(self, client_id, certificate):
        """The access token and the scopes of a client."""
        clients = self.plan.get("clients", {})
        if certificate is None:
            refuse_unless(client_id in clients, "Bad client: no such client")
            return clients[client_id]["accessToken"], self.expand(clients[client_id]["scopes"])
        issuer = certificate.get("issuer", client_id)
        if issuer == QUEUE_ID:
            key, scopes = QUEUE_KEY, ["*"]
        else:
            refuse_unless(issuer in clients, "ext.certificate.issuer is no client")
            key, scopes = clients[issuer]["accessToken"], self.expand(clients[issuer]["scopes"])
        expected = hawk.certificate_mac(key, client_id, certificate)
        refuse_unless(hmac.compare_digest(expected, certificate["signature"]), "ext.certificate.signature is not valid")
        self.check_dates(certificate)
        if "issuer" in certificate:
            refuse_unless(client_id != issuer, "ext.certificate.issuer must differ from the clientId")
            refuse_unless(satisfies(scopes, f"auth:create-client:{client_id}"), "ext.certificate issuer doesn't have auth:create-client")
        allowed = all(satisfies(scopes, scope) for scope in self.expand(certificate["scopes"]))
        refuse_unless(allowed, "ext.certificate issuer doesn't have the scopes")
        return hawk.temporary_token(key, certificate["seed"]), self.expand(certificate["scopes"])

    def check_dates(self, certificate):
        now = self.now().timestamp() * 1000
        refuse_unless(certificate["start"] <= now + CERTIFICATE_SKEW_MS, "ext.certificate.start > now")
        refuse_unless(certificate["expiry"] >= now - CERTIFICATE_SKEW_MS, "ext.certificate.expiry < now")
        length = certificate["expiry"] - certificate["start"]
        refuse_unless(length <= LONGEST_CERTIFICATE_MS, "ext.certificate cannot last longer than 31 days")

    def issue(self, client_id, scopes):
        """Credentials from the queue."""
        now = self.now().timestamp()
        return hawk.temporary_credentials(QUEUE_ID, QUEUE_KEY, client_id, scopes, now - 60, now + 3600)

    def identify(self, request):
        """Who sent a request (an http.server handler), None without credentials; and the scopes of the sender."""
        header = request.headers.get("Authorization")
        bewit = re.search(r"[?&]bewit=([^&]*)", request.path)
        refuse_unless(not (header and bewit), "Multiple authentications")
        if bewit:
            client_id, scopes = self.check_bewit(request, bewit)
        elif header:
            client_id, scopes = self.check_header(request, header)
        else:
            client_id, scopes = None, []
        return client_id, scopes + self.anonymous()

    def check_header(self, request, header):
        refuse_unless(len(header) <= LONGEST_HEADER, "Bad Request: Header length too long")
        refuse_unless(header.startswith("Hawk "), "Invalid header syntax")
        fields = dict(re.findall(r'(\w+)="([^"\\]*)"', header))
        refuse_unless({"id", "ts", "nonce", "mac"} <= fields.keys(), "Missing attributes")
        key, scopes = self.check_ext(fields["id"], fields.get("ext", ""))
        expected = hawk.request_mac(key, "hawk.1.header", request.command, request.path, request.headers["Host"], fields)
        refuse_unless(hmac.compare_digest(expected, fields["mac"]), "Bad mac")
        if "hash" in fields:
            refuse_unless(hmac.compare_digest(self.payload_hash(request), fields["hash"]), "Bad payload hash")
        difference = abs(self.now().timestamp() - int(fields["ts"]))
        refuse_unless(difference <= SKEW_SECONDS, "Stale timestamp hawk")
        return fields["id"], scopes

    @staticmethod
    def payload_hash(request):
        kind = request.headers.get("Content-Type", "").split(";")[0].strip().lower()
        text = b"hawk.1.payload\n" + kind.encode() + b"\n" + request.body + b"\n"
        return base64.b64encode(hashlib.sha256(text).digest()).decode()

    def check_bewit(self, request, match):
        refuse_unless(request.command in ("GET", "HEAD"), "Invalid method")
        refuse_unless(len(request.path) <= LONGEST_RESOURCE, "Resource path exceeds max length")
        refuse_unless(re.fullmatch("[A-Za-z0-9_-]+", match[1]), "Invalid bewit")
        text = base64.urlsafe_b64decode(match[1] + "=" * (-len(match[1]) % 4)).decode()
        refuse_unless(text.count("\\") == 3, "Invalid bewit structure")
        client_id, end, given, ext = text.split("\\")
        refuse_unless(int(end) > self.now().timestamp(), "Access expired")
        key, scopes = self.check_ext(client_id, ext)
        resource = request.path.replace(match[0], "", 1)
        fields = {"ts": end, "ext": ext}
        expected = hawk.request_mac(key, "hawk.1.bewit", "GET", resource, request.headers["Host"], fields)
        refuse_unless(hmac.compare_digest(expected, given), "Bad mac")
        return client_id, scopes

    def check_ext(self, client_id, ext):
        said = {}
        if ext:
            try:
                said = json.loads(base64.b64decode(ext + "=" * (-len(ext) % 4), altchars=b"-_" if set(ext) & set("-_") else None))
            except ValueError:
                refuse_unless(False, "Failed to parse ext")
        key, scopes = self.key_of(client_id, said.get("certificate"))
        restricted = said.get("authorizedScopes")
        if restricted is None:
            return key, scopes
        expanded = self.expand(restricted)
        allowed = all(satisfies(scopes, scope) for scope in expanded)
        refuse_unless(allowed, "ext.authorizedScopes oversteps your scopes")
        return key, expanded
