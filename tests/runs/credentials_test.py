"""quern credentials: keys, sealing, opening, and that no secret shows on the way."""
import base64
import hashlib
import http.server
import json
import os
import stat
import subprocess
import threading
import urllib.parse

from scenario import ROOT, Scenario

# Both are put together, so that a test that looks for them does not find this file.
SECRET = "secretkey" + "/hidden+40="
TOKEN = "sessiontoken" + "-hidden" * 20
KEYS = {"AWS_ACCESS_KEY_ID": "ASIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": TOKEN, "AWS_REGION": "us-west-2"}
MADE = {}
NODE_MODULES = os.path.join(ROOT, "build/test-node/node_modules")


class Credentials(Scenario):
    def environment(self, extra):
        # Nothing of whoever runs the tests: no profile, no key.
        kept = {"HOME": self.folder, "CREDENTIALS": None, "QUERN_KEY_FILE": None, **extra}
        return super().environment(kept)

    def credentials(self, *arguments, **options):
        return self.quern("credentials", *arguments, **options)

    def keygen(self, name="key.pem"):
        """A key of that name. Making one takes most of a second, so it is made once for all tests."""
        if name not in MADE:
            run = self.credentials("keygen", name)
            self.assertEqual(run.status, 0, run)
            for made in (name, name.replace(".pem", ".pub.pem")):
                with open(self.path(made), encoding="ascii") as file:
                    MADE[made] = file.read()
        for made in (name, name.replace(".pem", ".pub.pem")):
            self.write(made, MADE[made])
            os.chmod(self.path(made), 0o600)

    def seal(self, *arguments, environment=None, to="key.pub.pem", **options):
        run = self.credentials("seal", "--to", to, *arguments, environment=KEYS if environment is None else environment, **options)
        self.assertEqual(run.status, 0, run)
        return run.stdout.strip()

    def open(self, value, *arguments, key="key.pem", **options):
        return self.credentials("open", "--key", key, *arguments, environment={"CREDENTIALS": value}, **options)

    def opened(self, value, **options):
        """What --json --reveal prints."""
        run = self.open(value, "--json", "--reveal", **options)
        self.assertEqual(run.status, 0, run)
        return json.loads(run.stdout)

    def assert_hidden(self, run):
        for text in (run.stdout, run.stderr):
            for secret in ("hidden", "secretkey", "sessiontoken"):
                self.assertNotIn(secret, text, run)

    def assert_fails(self, run, *phrases, status=1):
        self.assertEqual(run.status, status, run)
        self.assertEqual(run.stdout, "", run)
        self.assertEqual(run.stderr.count("\n"), 1, run)
        for phrase in phrases:
            self.assertIn(phrase, run.stderr, run)
        self.assert_hidden(run)


class Keys(Credentials):
    def test_are_made_once_for_their_owner(self):
        run = self.credentials("keygen")
        self.assertEqual(run.status, 0, run)
        self.assertEqual(stat.S_IMODE(os.stat(self.path("key.pem")).st_mode), 0o600)
        der = subprocess.run(["openssl", "pkey", "-pubin", "-in", self.path("key.pub.pem"), "-outform", "DER"], check=True,
                             stdout=subprocess.PIPE).stdout
        self.assertIn(f"key id             {hashlib.sha256(der).hexdigest()[:16]}\n", run.stdout)
        text = subprocess.run(["openssl", "pkey", "-in", self.path("key.pem"), "-noout", "-text"], check=True, stdout=subprocess.PIPE).stdout
        self.assertIn(b"3072 bit", text)
        before = self.left("key.pem")
        self.assert_fails(self.credentials("keygen"), "key.pem is there already")
        self.assertEqual(self.left("key.pem"), before)

    def left(self, name):
        with open(self.path(name), encoding="ascii") as file:
            return file.read()

    def test_are_found_in_their_places(self):
        self.assert_fails(self.credentials("open", "x"), "--key was not given, QUERN_KEY_FILE is not set, and /etc/quern/key.pem does not exist")
        self.keygen()
        value = self.seal()
        run = self.credentials("open", value, environment={"QUERN_KEY_FILE": "key.pem"})
        self.assertEqual(run.status, 0, run)
        self.assert_fails(self.credentials("open", value, environment={"QUERN_KEY_FILE": "no.pem"}), "QUERN_KEY_FILE", "no.pem")

    def test_that_others_may_read_are_refused(self):
        self.keygen()
        value = self.seal()
        os.chmod(self.path("key.pem"), 0o644)
        self.assert_fails(self.open(value), "run: chmod 600 key.pem")

    def test_of_others_are_taken(self):
        subprocess.run(["openssl", "genrsa", "-traditional", "-out", self.path("other.pem"), "2048"], check=True, stderr=subprocess.DEVNULL)
        os.chmod(self.path("other.pem"), 0o600)
        self.assertEqual(self.opened(self.seal(to="other.pem"), key="other.pem")["secretAccessKey"], SECRET)

    def test_with_a_passphrase_ask_for_none(self):
        subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-aes256", "-pass", "pass:word", "-out", self.path("locked.pem")],
                       check=True, stderr=subprocess.DEVNULL)
        os.chmod(self.path("locked.pem"), 0o600)
        self.keygen()
        self.assert_fails(self.open(self.seal(), key="locked.pem"), "locked.pem: it is protected by a passphrase")


class Sealing(Credentials):
    def setUp(self):
        super().setUp()
        self.keygen()

    def test_takes_the_environment(self):
        run = self.credentials("seal", "--to", "key.pub.pem", environment=KEYS)
        self.assertEqual(run.status, 0, run)
        self.assert_hidden(run)
        self.assertIn("sealed ASIAEXAMPLE of AWS_ACCESS_KEY_ID to the key", run.stderr)
        opened = self.opened(run.stdout)
        self.assertEqual(
            {name: opened[name] for name in ("secretAccessKey", "sessionToken", "accessKeyId", "region", "envelopeVersion", "expiration")},
            {"secretAccessKey": SECRET, "sessionToken": TOKEN, "accessKeyId": "ASIAEXAMPLE", "region": "us-west-2", "envelopeVersion": 2,
             "expiration": ""})

    def test_takes_a_profile(self):
        self.write(".aws/credentials", f"[mine]\naws_access_key_id = AKIAMINE\naws_secret_access_key = {SECRET}\n")
        self.write(".aws/config", "[profile mine]\nregion = eu-west-1\n[profile sso]\nsso_session = hidden\n")
        value = self.seal("--profile", "mine")
        self.assertEqual(self.opened(value)["accessKeyId"], "AKIAMINE")
        self.assertEqual(self.opened(value)["secretAccessKey"], SECRET)
        value = self.seal(environment={"AWS_PROFILE": "mine"})
        self.assertEqual(self.opened(value)["region"], "eu-west-1")
        self.assert_fails(self.credentials("seal", "--to", "key.pub.pem", "--profile", "sso"), "~/.aws/config:4:", "through sso_session")
        self.assert_fails(self.credentials("seal", "--to", "key.pub.pem", "--profile", "nobody"), "there is no profile nobody")
        self.write(".aws/credentials", f"[mine]\naws_secret_access_key {SECRET[:-1]}\n")
        self.assert_fails(self.credentials("seal", "--to", "key.pub.pem"), "~/.aws/credentials:2:")

    def test_takes_json(self):
        printed = {"Credentials": {"AccessKeyId": "ASIASTS", "SecretAccessKey": SECRET, "SessionToken": TOKEN,
                                   "Expiration": "2199-01-31T12:00:00+00:00"}}
        opened = self.opened(self.seal("-", stdin=json.dumps(printed), environment={}))
        self.assertEqual(opened["secretAccessKey"], SECRET)
        self.assertEqual(opened["expiration"], "2199-01-31T12:00:00Z")
        run = self.credentials("seal", "--to", "key.pub.pem", "-", stdin=SECRET)
        self.assert_fails(run, "standard input: it holds no JSON object with credentials")
        run = self.credentials("seal", "--to", "key.pub.pem", "-", stdin="x" * 40000)
        self.assert_fails(run, "standard input is longer than 32768 bytes")

    def test_says_what_is_missing(self):
        self.assert_fails(self.credentials("seal", "--to", "key.pub.pem"), "there are no credentials to seal: AWS_ACCESS_KEY_ID is not set")
        self.assert_fails(self.credentials("seal", "--to", "key.pub.pem", environment={"AWS_SECRET_ACCESS_KEY": SECRET}),
                          "AWS_SECRET_ACCESS_KEY is set and AWS_ACCESS_KEY_ID is not")
        self.assert_fails(self.credentials("seal", environment=KEYS), "there is no key to seal to: --to was not given")
        self.assert_fails(self.credentials("seal", "--to", "no.pem", environment=KEYS), "--to: ", "no.pem")
        self.assert_fails(self.credentials("seal", "--to", "key.pub.pem", "--expires", "soon", environment=KEYS),
                          "--expires soon is neither a time", status=2)

    def test_refuses_a_secret_as_an_argument_and_does_not_repeat_it(self):
        self.assert_fails(self.credentials("seal", SECRET), "takes only -", status=2)

    def test_gives_an_end(self):
        self.assertEqual(self.opened(self.seal("--expires", "2199-01-01T00:00:00Z"))["expiration"], "2199-01-01T00:00:00Z")
        run = self.open(self.seal("--expires", "90m"))
        self.assertRegex(run.stdout, r"expires            20.*Z, in \d+ minutes\n", run)
        ended = {**KEYS, "AWS_CREDENTIAL_EXPIRATION": "2001-01-01T00:00:00Z"}
        self.assert_fails(self.credentials("seal", "--to", "key.pub.pem", environment=ended), "expired at 2001-01-01T00:00:00Z")

    def test_is_undone_by_openssl_and_node(self):
        value = self.seal()
        envelope = json.loads(base64.b64decode(value))
        self.write("wrapped", base64.b64decode(envelope["symmetricKey"]))
        key = subprocess.run(["openssl", "pkeyutl", "-decrypt", "-inkey", self.path("key.pem"), "-in", self.path("wrapped"), "-pkeyopt",
                              "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:sha256"], check=True, stdout=subprocess.PIPE).stdout
        self.assertEqual(len(key), 32)
        opened = json.loads(node("open-2", self.path("key.pem"), value))
        self.assertEqual(opened, {"accessKeyId": "ASIAEXAMPLE", "secretAccessKey": SECRET, "sessionToken": TOKEN, "region": "us-west-2"})


def node(action, key, text):
    return subprocess.run(["node", os.path.join(ROOT, "tests/runs/envelopes.cjs"), action, key], input=text.encode(), check=True,
                          stdout=subprocess.PIPE, env={**os.environ, "NODE_PATH": NODE_MODULES}).stdout.decode()


class Opening(Credentials):
    def setUp(self):
        super().setUp()
        self.keygen()

    def test_tells_all_but_the_secrets(self):
        run = self.open(self.seal("--expires", "2199-01-01T00:00:00Z"))
        self.assertEqual(run.status, 0, run)
        self.assert_hidden(run)
        for line in ("envelope           version 2", "source             CREDENTIALS", "access key id      ASIAEXAMPLE",
                     "region             us-west-2", "expires            2199-01-01T00:00:00Z, in "):
            self.assertIn(line, run.stdout)
        plain = self.open(self.seal(), "--json")
        self.assert_hidden(plain)
        self.assertNotIn("secretAccessKey", json.loads(plain.stdout))

    def test_reveals_secrets_if_it_is_told_to(self):
        run = self.open(self.seal(), "--reveal")
        self.assertIn(f"secret access key  {SECRET}\n", run.stdout)
        self.assertIn(f"session token      {TOKEN}\n", run.stdout)
        self.assertEqual(run.stderr, "")

    def test_takes_the_value_from_each_place(self):
        value = self.seal()
        for run in (self.open(value), self.credentials("open", "--key", "key.pem", value),
                    self.credentials("open", "--key", "key.pem", "-", stdin=value + "\n")):
            self.assertEqual(run.status, 0, run)
        self.assert_fails(self.credentials("open", "--key", "key.pem"), "CREDENTIALS is not set")

    def test_says_that_they_have_expired(self):
        value = self.seal("--expires", "100ms")
        while True:
            run = self.open(value)
            if run.status != 0:
                break
        self.assertEqual(run.status, 1, run)
        self.assertIn("expired            ", run.stdout)
        self.assertIn("the credentials of CREDENTIALS expired at ", run.stderr)

    def test_says_what_is_wrong(self):
        value = self.seal()
        self.keygen("other.pem")
        self.assert_fails(self.open(value, key="other.pem"), "CREDENTIALS: it is sealed to the key ", ", and this is the key ")
        self.assert_fails(self.open(value[:-8]), "CREDENTIALS: it is base64 of something that is not a JSON object")
        self.assert_fails(self.open(value[:-3]), "CREDENTIALS: it is not base64")
        self.assert_fails(self.open(json.dumps({"accessKeyId": "A", "secretAccessKey": SECRET})), "CREDENTIALS: it is not sealed")
        self.assert_fails(self.open("A" * 70000), "CREDENTIALS: it is longer than 65536 bytes")

    def test_says_one_thing_of_every_byte_that_was_changed(self):
        envelope = json.loads(base64.b64decode(self.seal()))
        said = set()
        for name in ("symmetricKey", "nonce", "credentials", "tag"):
            data = bytearray(base64.b64decode(envelope[name]))
            data[len(data) // 2] ^= 1
            changed = {**envelope, name: base64.b64encode(data).decode()}
            run = self.open(base64.b64encode(json.dumps(changed).encode()).decode())
            self.assert_fails(run, "does not open it")
            said.add(run.stderr)
        self.assertEqual(len(said), 1)


class EnvelopesOf2014(Credentials):
    """Values that node-cryptojs-aes and Node's crypto made."""

    def setUp(self):
        super().setUp()
        if not os.path.isdir(os.path.join(NODE_MODULES, "node-cryptojs-aes")):
            self.fail("node-cryptojs-aes is not there: run tools/set_up test")
        self.keygen()

    def sealed(self, **members):
        return node("seal-2014", self.path("key.pub.pem"), json.dumps(members, ensure_ascii=False))

    def test_are_opened_whatever_their_length(self):
        for length in (1, 15, 16, 17, 40, 500, 5000):
            with self.subTest(length=length):
                key = (SECRET * 500)[:length]
                value = self.sealed(accessKeyId="AKIA2014", secretAccessKey=key, sessionToken=TOKEN, region="us-west-2")
                opened = self.opened(value)
                self.assertEqual((opened["secretAccessKey"], opened["sessionToken"], opened["region"], opened["envelopeVersion"]),
                                 (key, TOKEN, "us-west-2", 1))

    def test_may_hold_any_letters(self):
        key = "schlüssel/ключ+鍵=🔑\"\\"
        value = self.sealed(accessKeyId="AKIA2014", secretAccessKey=key, sessionToken="", region="")
        self.assertEqual(self.opened(value)["secretAccessKey"], key)

    def test_are_told_from_others(self):
        value = self.sealed(accessKeyId="AKIA2014", secretAccessKey=SECRET, sessionToken=TOKEN, region="us-west-2")
        run = self.open(value)
        self.assertIn("envelope           version 1, of 2014\n", run.stdout)
        self.assert_hidden(run)

    def test_of_another_key_or_changed_are_refused_alike(self):
        value = self.sealed(accessKeyId="AKIA2014", secretAccessKey=SECRET, sessionToken=TOKEN, region="us-west-2")
        envelope = json.loads(base64.b64decode(value))
        inner = json.loads(envelope["credentials"])
        data = bytearray(base64.b64decode(inner["ct"]))
        data[-1] ^= 1
        envelope["credentials"] = json.dumps({**inner, "ct": base64.b64encode(data).decode()})
        self.assert_fails(self.open(base64.b64encode(json.dumps(envelope).encode()).decode()), "does not open it")
        self.keygen("other.pem")
        self.assert_fails(self.open(value, key="other.pem"), "does not open it")


class TokenService(http.server.BaseHTTPRequestHandler):
    """Answers GetFederationToken, and keeps what it was asked."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.asked.append((dict(urllib.parse.parse_qsl(body)), self.headers["Authorization"]))
        status, answer = 200, f"""<GetFederationTokenResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetFederationTokenResult>
            <Credentials><SessionToken>{TOKEN}</SessionToken><SecretAccessKey>{SECRET}</SecretAccessKey>
            <Expiration>2199-01-31T12:00:00Z</Expiration><AccessKeyId>ASIAFEDERATED</AccessKeyId></Credentials>
            </GetFederationTokenResult></GetFederationTokenResponse>"""
        if self.server.refuses:
            status, answer = 403, """<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>
                <Code>AccessDenied</Code><Message>not authorized</Message></Error><RequestId>1-2-3</RequestId></ErrorResponse>"""
        self.send_response(status)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(answer.encode())))
        self.end_headers()
        self.wfile.write(answer.encode())

    def log_message(self, *_):
        pass


class Federating(Credentials):
    LONG_TERM = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-west-2"}

    def setUp(self):
        super().setUp()
        self.keygen()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), TokenService)
        self.server.asked, self.server.refuses = [], False
        thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.write("job/mapper.py", "def mapper(key, file, record):\n    pass\n")

    def federate(self, *arguments, job="inputs: ['s3://telemetry/2026-11-*/*.xz', 's3://other/x/']\n", environment=None):
        self.write("job/analysis-tools.yml", "mapper: {language: python, script: mapper.py}\n" + job)
        return self.credentials("federate", "job", "--to", "key.pub.pem", *arguments,
                                environment={**self.LONG_TERM, "AWS_ENDPOINT_URL_STS": self.url, **(environment or {})})

    def policy(self):
        statements = json.loads(self.server.asked[-1][0]["Policy"])["Statement"]
        return {resource.split(":::")[1] for one in statements for resource in
                (one["Resource"] if isinstance(one["Resource"], list) else [one["Resource"]])}

    def test_gives_the_inputs_of_the_job_and_nothing_else(self):
        run = self.federate("--duration", "6h", "--session", "me")
        self.assertEqual(run.status, 0, run)
        self.assert_hidden(run)
        asked, authorization = self.server.asked[0]
        self.assertEqual((asked["Action"], asked["Name"], asked["DurationSeconds"]), ("GetFederationToken", "me", "21600"))
        self.assertIn("/us-west-2/sts/aws4_request", authorization)
        self.assertEqual(self.policy(), {"telemetry", "telemetry/2026-11-*", "other", "other/x/*"})
        self.assertIn("it can read s3://telemetry/2026-11-*\n", run.stderr)
        opened = self.opened(run.stdout)
        self.assertEqual((opened["accessKeyId"], opened["secretAccessKey"], opened["sessionToken"], opened["region"], opened["expiration"]),
                         ("ASIAFEDERATED", SECRET, TOKEN, "us-west-2", "2199-01-31T12:00:00Z"))

    def test_takes_inputs_of_the_command_line_and_of_a_manifest(self):
        self.assertEqual(self.federate("-i", "s3://mine/a*", "--json").status, 0)
        self.assertEqual(self.policy(), {"mine", "mine/a*"})
        self.write("list", "p/2026/a.xz\t5\np/2027/b.xz\n")
        self.assertEqual(self.federate("--manifest", "list", "--bucket", "b").status, 0)
        self.assertEqual(self.policy(), {"b", "b/p/202*"})

    def test_says_what_is_wrong(self):
        self.server.refuses = True
        self.assert_fails(self.federate(), "AccessDenied")
        self.assert_fails(self.federate(environment={"AWS_SESSION_TOKEN": TOKEN}), "are temporary")
        self.assert_fails(self.federate(environment={"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}),
                          "there are no credentials to ask with")
        asked = len(self.server.asked)
        self.assert_fails(self.federate(job="inputs: [data/*]\n"), "none of the inputs is in S3", status=2)
        self.assert_fails(self.federate(job="index: https://host/\nfilter: f.json\n"), "come from an index", status=2)
        self.assert_fails(self.federate("--duration", "long"), "--duration", status=2)
        self.assert_fails(self.federate("--duration", "1m"), "15 minutes to 36 hours", status=2)
        self.assertEqual(len(self.server.asked), asked)


class NoSecret(Credentials):
    def test_is_left_in_a_file(self):
        self.keygen()
        value = self.seal()
        self.open(value)
        self.open(value, "--reveal")
        self.open(value[:-4])
        self.seal("-", stdin=json.dumps({"accessKeyId": "A", "secretAccessKey": SECRET}))
        for folder, _, files in os.walk(self.folder):
            for name in files:
                with open(os.path.join(folder, name), "rb") as file:
                    content = file.read()
                for secret in (SECRET, TOKEN):
                    self.assertNotIn(secret.encode(), content, os.path.join(folder, name))

    def test_can_be_dumped_or_read_by_another_process(self):
        self.keygen()
        read, write = os.pipe()
        # Root may read everything, so where it runs the tests somebody else runs quern.
        user = {"user": 65534} if os.geteuid() == 0 else {}
        os.chmod(self.folder, 0o755)
        os.chmod(self.path("key.pub.pem"), 0o644)
        try:
            process = self.start("credentials", "seal", "--to", "key.pub.pem", "-", stdin=read, **user)
        except PermissionError:
            self.skipTest("others than root may not start quern here")
        finally:
            os.close(read)
        try:
            # It waits for its input, with dumps off already: then root owns its files in /proc, whoever runs it.
            while os.stat(f"/proc/{process.pid}/environ").st_uid != 0:
                self.assertIsNone(process.poll())
        finally:
            os.close(write)
            run = self.finish(process)
        self.assertIn("standard input: it holds no JSON object", run.stderr, run)
