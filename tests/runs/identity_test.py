"""Whose rights requests to S3 have: roles, web identities, processes and servers of profiles, as boto3 takes them."""
import os

from remote_test import KEY, KEYS, SECRET, Remote, stored
from scenario import JOB, pings


class Identity(Remote):
    TOKEN = "hidden" + "-web-identity"

    def setUp(self):
        super().setUp()
        self.serve({"a.json": stored(pings("Linux"))}, web_identity=self.TOKEN)
        self.count_job(JOB.replace("data/*", "s3://data/a.json"))
        self.write("token", self.TOKEN + "\n")

    def signers(self):
        """The key ids of the requests for the object, "" for one that is not signed."""
        asked = [one["headers"].get("authorization", "") for one in self.s3.requests() if "/data/a.json" in one["target"]]
        return {one.partition("Credential=")[2].partition("/")[0] for one in asked}

    def assert_signed_by(self, signer, config="", environment=None):
        self.write(".aws/config", config)
        run = self.quern("run", environment={"AWS_ENDPOINT_URL": self.s3.url, **(environment or {})})
        self.assert_run(run, result="Linux 1\n")
        self.assertEqual(self.signers(), {signer})
        self.assertNotIn("hidden", run.stdout + run.stderr + run.left("result.json"))

    def assert_refused(self, *says, config="", environment=None):
        self.write(".aws/config", config)
        run = self.quern("run", environment={"AWS_ENDPOINT_URL": self.s3.url, **(environment or {})})
        self.assert_fails(run, *says)
        self.assertEqual(self.signers(), set(), "nobody was asked with other rights")
        self.assertNotIn("hidden", run.stdout + run.stderr)

    def keys_of(self, profile):
        return f"[{profile}]\naws_access_key_id = {KEY['AWS_ACCESS_KEY_ID']}\naws_secret_access_key = {SECRET}\n"

    def test_a_web_identity_of_the_environment(self):
        self.assert_signed_by("ASIAweb", environment={"AWS_WEB_IDENTITY_TOKEN_FILE": self.path("token"), "AWS_ROLE_ARN": "arn:aws:iam::1:role/web"})
        asked = [one for one in self.s3.requests() if one["method"] == "POST"]
        self.assertEqual([one["headers"].get("authorization") for one in asked], [None])

    def test_a_web_identity_that_cannot_be_used_is_not_passed_by(self):
        variables = {"AWS_WEB_IDENTITY_TOKEN_FILE": self.path("token"), "AWS_ROLE_ARN": "arn:aws:iam::1:role/web"}
        node = Remote.serve(self, {"a.json": stored(pings("node"))}, keys=KEYS)
        others = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": node.url + "/creds"}
        self.assert_refused("AWS_ROLE_ARN", environment={**others, **variables, "AWS_ROLE_ARN": ""})
        self.assert_refused("AWS_WEB_IDENTITY_TOKEN_FILE", "No such file", environment={**others, **variables, "AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere"})
        self.write("token", "hidden-other")
        self.assert_refused("InvalidIdentityToken", config=self.keys_of("default"), environment={**others, **variables})

    def test_roles_of_profiles(self):
        role = "role_arn = arn:aws:iam::1:role/one\nsource_profile = keys\n"
        self.assert_signed_by("ASIAone", "[default]\n" + role + self.keys_of("profile keys"))

    def test_roles_over_roles_with_a_profile_of_an_older_variable(self):
        config = ("[profile two]\nrole_arn = arn:aws:iam::1:role/two\nsource_profile = one\n"
                  "[profile one]\nrole_arn = arn:aws:iam::1:role/one\nsource_profile = keys\n" + self.keys_of("profile keys"))
        self.assert_signed_by("ASIAtwo", config, {"AWS_DEFAULT_PROFILE": "two"})

    def test_a_web_identity_of_a_profile(self):
        self.assert_signed_by("ASIAp", f"[default]\nrole_arn = arn:aws:iam::1:role/p\nweb_identity_token_file = {self.path('token')}\n")

    def test_a_process(self):
        self.write("tool", "#!/bin/sh\nprintf '{\"Version\": 1, \"AccessKeyId\": \"%s\", \"SecretAccessKey\": \"%s\"}' \"$1\" \"$2\"\n", executable=True)
        process = f"credential_process = {self.path('tool')} {KEY['AWS_ACCESS_KEY_ID']} '{SECRET}'\n"
        self.assert_signed_by("AKIDEXAMPLE", "[default]\n" + process)

    def test_a_process_that_fails(self):
        self.assert_refused("exit status 3", config="[default]\ncredential_process = sh -c 'echo hidden; exit 3'\n")

    def test_a_role_whose_source_is_the_environment(self):
        config = "[default]\nrole_arn = arn:aws:iam::1:role/e\ncredential_source = Environment\n"
        self.assert_refused("AWS_ACCESS_KEY_ID is not set", config=config)
        # Keys of the environment come before any profile.
        self.assert_signed_by("AKIDEXAMPLE", config, KEY)

    def test_what_needs_a_person(self):
        for setting in ("sso_session = x", "sso_start_url = x", "login_session = x"):
            self.assert_refused("aws configure export-credentials", config=f"[default]\n{setting}\n")

    def test_the_server_of_a_profile(self):
        for config in (f"[default]\nendpoint_url = {self.s3.url}\n" + self.keys_of("default")[10:],
                       f"[default]\nservices = s\nendpoint_url = http://127.0.0.1:9\n{self.keys_of('default')[10:]}[services s]\ns3 =\n  endpoint_url = {self.s3.url}\n"):
            self.write(".aws/config", config)
            self.assert_run(self.quern("run"), result="Linux 1\n")

    def test_sealing_what_a_role_gives(self):
        self.write(".aws/config", "[default]\nrole_arn = arn:aws:iam::1:role/one\nsource_profile = keys\n" + self.keys_of("profile keys"))
        self.quern("credentials", "keygen", "key.pem")
        run = self.quern("credentials", "seal", "--to", "key.pub.pem", environment={"AWS_ENDPOINT_URL": self.s3.url})
        self.assertEqual(run.status, 0, run)
        os.remove(self.path(".aws/config"))
        sealed = {"CREDENTIALS": run.stdout.strip(), "AWS_ENDPOINT_URL": self.s3.url}
        self.assert_run(self.quern("run", "--key", "key.pem", environment=sealed), result="Linux 1\n")
        self.assertEqual(self.signers(), {"ASIAone"})
