"""What all parts of the fake deployment speak of: refusals, dates, ids, scopes."""

import base64
import datetime
import re
import uuid

SLUGID = re.compile(r"[A-Za-z0-9_-]{8}[Q-T][A-Za-z0-9_-][CGKOSWaeimquy26-][A-Za-z0-9_-]{10}[AQgw]")
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
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


def utc_now():
    return datetime.datetime.now(datetime.timezone.utc)


def date_text(moment):
    return moment.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def parse_date(text, name):
    require(isinstance(text, str) and DATE.fullmatch(text), 400, "InputValidationError", f"{name} must match format date-time")
    try:
        # No more than the six digits of a second that Python takes.
        return datetime.datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text).replace("Z", "+00:00"))
    except ValueError as error:
        raise Refused(400, "InputValidationError", f"{name} must match format date-time: {error}") from None
