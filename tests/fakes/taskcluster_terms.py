"""What all parts of the fake deployment speak of: refusals, dates, ids, scopes."""

import base64
import datetime
import re
import uuid

SLUGID = re.compile(r"[A-Za-z0-9_-]{8}[Q-T][A-Za-z0-9_-][CGKOSWaeimquy26-][A-Za-z0-9_-]{10}[AQgw]")
# As Taskcluster takes them: in lower case, with a blank for the T, without a zone.
DATE = re.compile(r"\d{4}-\d\d-\d\d[T\s]\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d(:?\d\d)?)?", re.IGNORECASE)
OPEN_STATES = ("unscheduled", "pending", "running")
RESOLVED_STATES = ("completed", "failed", "exception")
SLACK = datetime.timedelta(minutes=15)  # how far a client's clock may be off


class Refused(Exception):
    """An answer of 400 or above, with the code that Taskcluster gives for it."""

    def __init__(self, status, code, message):
        super().__init__(f"{status} {code}: {message}")
        self.status, self.code, self.message = status, code, message


def require(condition, status, code, message):
    if not condition:
        raise Refused(status, code, message)


def url_safe(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def slugid():
    """A new one whose first character is a letter."""
    own = uuid.uuid4().bytes
    return url_safe(bytes([own[0] & 0x7F]) + own[1:])


def satisfies(held, needed):
    return any(one == needed or (one.endswith("*") and needed.startswith(one[:-1])) for one in held)


def lacking(held, needed):
    """What is missing of an expression of scopes (a scope, AllOf or AnyOf): an expression too, or None."""
    if isinstance(needed, str):
        return None if satisfies(held, needed) else needed
    [(kind, parts)] = needed.items()
    missing = [lacking(held, part) for part in parts]
    if kind == "AnyOf" and None in missing:
        return None
    missing = [one for one in missing if one is not None]
    if kind == "AllOf" and not missing:
        return None
    return missing[0] if len(missing) == 1 else {kind: missing}


def minimal(scopes):
    """Without those that others contain, in order."""
    return sorted(one for one in set(scopes) if not satisfies(set(scopes) - {one}, one))


def in_collation(text):
    """What to sort by, as the data base of a deployment sorts: a < A < b."""
    return text.lower().replace("_", " "), text.swapcase()


def utc_now():
    return datetime.datetime.now(datetime.timezone.utc)


def date_text(moment):
    return moment.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def parse_date(text, name):
    require(isinstance(text, str) and DATE.fullmatch(text), 400, "InputValidationError", f"{name} must match format date-time")
    try:
        moment = datetime.datetime.fromisoformat(text.upper())
    except ValueError as error:
        raise Refused(400, "InputValidationError", f"{name} must match format date-time: {error}") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.timezone.utc)
