#!/usr/bin/python3
"""A mail server for tests: aiosmtpd, told what to take and what to refuse.

    smtp_server.py --plan FILE [--port PORT]

Listens on loopback, prints its port as one line, and ends when its standard input does, so that it never outlives a test.

The plan is a JSON object with any of these keys:
    log            the file to which each mail that it takes is added as a line of JSON:
                   {"from", "to", "data", "tls": whether it came by TLS, "user": as whom, or null}
    certificate    a PEM file with a certificate and its key; with it the server offers STARTTLS
    smtps          true: TLS from the first byte
    user, password whom it takes; without them it offers no AUTH
    replies        lists of replies to MAIL, RCPT, DATA or STARTTLS, such as {"RCPT": ["550 5.1.1 who is that?"]}; each is
                   given once, and then all is well
    hang           true: it says nothing at all
"""

import argparse
import asyncio
import json
import logging
import pathlib
import ssl
import sys
import threading

from aiosmtpd.smtp import SMTP, AuthResult


class Handler:
    """What happens to one mail after the other."""

    def __init__(self, plan):
        self.log = plan.get("log")
        self.replies = plan.get("replies", {})

    def reply_to(self, command):
        planned = self.replies.get(command, [])
        return planned.pop(0) if planned else None

    async def handle_MAIL(self, server, session, envelope, address, options):
        reply = self.reply_to("MAIL")
        if not reply:
            envelope.mail_from = address
        return reply or "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        reply = self.reply_to("RCPT")
        if not reply:
            envelope.rcpt_tos.append(address)
        return reply or "250 OK"

    async def handle_DATA(self, server, session, envelope):
        reply = self.reply_to("DATA")
        if not reply and self.log:
            login = session.auth_data
            mail = {"from": envelope.mail_from, "to": envelope.rcpt_tos, "data": envelope.content.decode("latin-1"),
                    "tls": session.ssl is not None, "user": login and login.decode()}
            with open(self.log, "a", encoding="utf-8") as log:
                log.write(json.dumps(mail) + "\n")
        return reply or "250 taken"


class Session(SMTP):
    """One connection."""

    def __init__(self, handler, **options):
        super().__init__(handler, **options)
        self.handler = handler

    async def smtp_STARTTLS(self, arg):
        reply = self.handler.reply_to("STARTTLS")
        if reply:
            await self.push(reply)
        else:
            await super().smtp_STARTTLS(arg)


class Silence(asyncio.Protocol):
    pass


def authenticator(plan):
    def decide(server, session, envelope, mechanism, login):
        is_right = (login.login, login.password) == (plan["user"].encode(), plan["password"].encode())
        # handled=False: aiosmtpd then says 535 itself.
        return AuthResult(success=is_right, handled=False, auth_data=login.login)
    return decide


def session_factory(plan):
    if plan.get("hang"):
        return Silence, None
    context = None
    if "certificate" in plan:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(plan["certificate"])
    is_smtps = bool(plan.get("smtps"))
    options = {"hostname": "mail.example.com", "tls_context": None if is_smtps else context, "enable_SMTPUTF8": True}
    if "user" in plan:
        # aiosmtpd takes only its own STARTTLS for TLS.
        options |= {"authenticator": authenticator(plan), "auth_required": True, "auth_require_tls": not is_smtps}
    else:
        options |= {"auth_exclude_mechanism": ["LOGIN", "PLAIN"]}
    handler = Handler(plan)
    return lambda: Session(handler, **options), context if is_smtps else None


async def serve(plan, port):
    factory, context = session_factory(plan)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(factory, "127.0.0.1", port, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    end = asyncio.Event()

    def wait_for_end():
        sys.stdin.buffer.read()
        loop.call_soon_threadsafe(end.set)

    threading.Thread(target=wait_for_end, daemon=True).start()
    await end.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plan", type=pathlib.Path)
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    # A client that does not trust the certificate is what some tests want, and no news.
    logging.getLogger("mail.log").setLevel(logging.CRITICAL + 1)
    asyncio.run(serve(json.loads(options.plan.read_text()) if options.plan else {}, options.port))


if __name__ == "__main__":
    main()
