"""The bytes of the Python original, recorded: appd answers them, appctl sends them."""

import json
import pathlib
import re
import sys
import unittest

from support import programs
from support import wire

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "wire" / "golden.json"
CASES = json.loads(GOLDEN.read_text(encoding="utf-8"))["cases"]


def is_ours(case):
    """Recorded on a machine of this byte order."""
    return case["byteorder"] == sys.byteorder


def client_arguments(case):
    """appctl's for what the tutorial's client was called with."""
    action, value = case["argv"]
    # What the original client does not know goes as the bytes of both words.
    known = ["search", "binary"] + (["double", "negate"] if case["server"] == "extended" else [])
    return [action, value] if action in known else ["--binary", action, value]


class GoldenTest(programs.TestCase):
    def test_appd_answers_each_request_with_the_same_bytes_and_closes(self):
        with programs.Appd() as appd:
            for case in CASES:
                if not is_ours(case) or not case["must_match"]:
                    continue
                with self.subTest(case["name"]):
                    request = bytes.fromhex(case["request_hex"])
                    reply = wire.exchange(appd.port, request)
                    self.assertEqual(reply, bytes.fromhex(case["response_hex"]))

    def test_appd_answers_what_it_does_otherwise_with_an_error(self):
        with programs.Appd() as appd:
            for case in CASES:
                if case["must_match"]:
                    continue
                with self.subTest(case["name"]):
                    reply = wire.ask(appd.port, bytes.fromhex(case["request_hex"]))
                    self.assertRegex(wire.result_of(reply), "^Error: ")
                    self.assertEqual(len(reply.header), 4)

    def test_appctl_sends_the_same_bytes(self):
        for case in self.client_cases():
            with self.subTest(case["name"]):
                reply = wire.answer_and_close(bytes.fromhex(case["response_hex"]))
                with wire.RecordingServer(reply) as server:
                    done = programs.appctl(
                        *client_arguments(case), server=server.address, text=False
                    )
                self.assertEqual(done.exit, 0, done.stderr)
                self.assertEqual(
                    [request.raw for request in server.requests],
                    [bytes.fromhex(case["request_hex"])],
                )

    def test_the_trace_of_appctl_reads_like_the_client(self):
        for case in self.client_cases():
            with self.subTest(case["name"]):
                reply = wire.answer_and_close(bytes.fromhex(case["response_hex"]))
                with wire.RecordingServer(reply) as server:
                    done = programs.appctl(
                        "--trace", *client_arguments(case), server=server.address, text=False
                    )
                trace = re.sub(
                    rf"\('127\.0\.0\.1', {server.port}\)", "ADDR", done.stderr.decode()
                )
                self.assertEqual(trace, case["client_stdout"])

    @staticmethod
    def client_cases():
        cases = [case for case in CASES if "argv" in case and is_ours(case)]
        return cases


if __name__ == "__main__":
    unittest.main()
