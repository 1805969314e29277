# SPDX-License-Identifier: MIT
"""The lines of --json: each is an object, with the keys that docs/events.md lists."""

import json
import re
import unittest

from sinks import SOURCE, Case


def documented():
    """Event -> keys, from the table of docs/events.md."""
    table = {}
    for line in (SOURCE / "docs" / "events.md").read_text("utf-8").splitlines():
        row = re.fullmatch(r"\| `(\w+)` \| (.*?) \|.*", line)
        if row:
            table[row.group(1)] = set(re.findall(r"`(\w+)`", row.group(2)))
    return table


class Events(Case):
    def setUp(self):
        super().setUp()
        out, err = self.finish(self.start("events"))
        self.assertEqual(err, "")
        self.lines = [json.loads(line) for line in out.decode().splitlines()]

    def one(self, name):
        return next(line for line in self.lines if line["event"] == name)

    def test_every_line_has_the_documented_keys(self):
        table = documented()
        for line in self.lines:
            self.assertEqual(list(line)[:3], ["schema", "event", "time_us"])
            self.assertEqual(line["schema"], 1)
            self.assertEqual(set(list(line)[3:]), table[line["event"]], line["event"])
        seen = {line["event"] for line in self.lines}
        self.assertLessEqual({"start", "state", "scores", "candidate", "progress", "commit", "idle",
                              "recording", "message", "end"}, seen)

    def test_values(self):
        start = self.one("start")
        self.assertEqual(start["source"], 'a "camera"\ufffd')
        self.assertEqual(start["labels"], ["A", "space", "nothing"])
        self.assertIsNone(start["model"])
        self.assertEqual(self.one("state")["box"], [1, 2, 3, 4])
        self.assertEqual(self.one("state")["time_us"], 500000)
        self.assertEqual(self.one("scores")["top"][0], {"label": "A", "score": 0.75})
        self.assertIsNone(self.one("scores")["top"][1]["score"])
        self.assertEqual(self.one("end")["text"], "A")
        self.assertIsNone(self.one("end")["fps"])
        self.assertFalse([line for line in self.lines if line.get("message") == "never seen"])

    def test_a_letter(self):
        commit = self.one("commit")
        self.assertEqual((commit["added"], commit["removed"], commit["text"]), ("A", 0, "A"))
        self.assertEqual(commit["latency_ms"], 12.5)
        self.assertGreater(commit["held_us"], 0)
        self.assertEqual(sum(line["event"] == "commit" for line in self.lines), 1)
        candidates = [line["label"] for line in self.lines if line["event"] == "candidate"]
        self.assertEqual(candidates[0], "A")

    def test_a_reader_that_leaves(self):
        process = self.start("events")
        process.stdout.close()
        process.stdin.close()
        self.assertEqual(process.wait(10), 1)


if __name__ == "__main__":
    unittest.main()
