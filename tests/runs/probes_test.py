"""The fake deployment answers as the real services do (tests/fakes/taskcluster_probes.py)."""
import unittest

from deployment_test import OfFakes

from taskcluster_probes import STORIES, Asker  # beside the servers, where deployment.py lets it be found


class Probes(OfFakes):
    def test_each_answer_is_as_the_real_one(self):
        self.deploy()
        asker = Asker(self.tc.url, self.client.credentials)
        for story in STORIES:
            with self.subTest(story.__name__):
                self.assertIsNone(asker.tell(story))


if __name__ == "__main__":
    unittest.main()
