"""appctl: what it sends, what it prints, and how it ends."""

import base64
import json
import pathlib
import socket
import subprocess
import unittest

from support import programs
from support import wire

RING = "In the caves beneath the Misty Mountains. \U0001f48d"
OK_REPLY = wire.text_request('{"result": "ok"}')
KEPT_REPLY = wire.text_request('{"result": "ok"}', connection="keep-alive", status="ok")

SERVER_ERROR, USAGE, CANNOT_CONNECT, TIMEOUT, BROKEN = 1, 2, 3, 4, 5


def closed_port():
    """Nobody listens there: it was just given back."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class ResultTest(programs.TestCase):
    """Against appd."""

    @classmethod
    def setUpClass(cls):
        cls.appd = programs.Appd()
        cls.addClassCleanup(cls.appd.__exit__, None)

    def call(self, *arguments, **options):
        return programs.appctl(*arguments, server=self.appd.address, **options)

    def assert_result(self, arguments, result, **options):
        done = self.call(*arguments, **options)
        self.assertEqual((done.exit, done.stdout, done.stderr), (0, result + "\n", ""), arguments)

    def test_the_result_alone_goes_to_standard_output(self):
        self.assert_result(["search", "ring"], RING)
        self.assert_result(["search", ""], 'No match for "".')
        self.assert_result(["search", "5"], 'No match for "5".')
        self.assert_result(["double", "7654321"], "15308642")
        self.assert_result(["negate", "-300"], "300")
        self.assert_result(["binary", "\U0001f603"], "First 10 bytes of request: binary\U0001f603")
        self.assert_result(["echo", "hello"], "hello")
        self.assert_result(["echo", "[1,2]"], "[1,2]")
        self.assert_result(["echo", '{"a": null}'], '{"a": null}')

    def test_a_description_is_a_page_for_people(self):
        self.assert_result(["describe", "search"], "\n".join([
            "search - the text stored for a query",
            "  takes     a string; as binary content: UTF-8 text",
            "  gives     a string; as binary content: UTF-8 text",
            "  content   text/json, binary",
            "  limits    max-content 16777216, request-timeout-ms 30000",
            '  example   search "morpheus"',
            '            -> "Follow the white rabbit. \U0001f430"',
            '            search "ring"',
            f'            -> "{RING}"',
            '            search "\U0001f436"',
            '            -> "\U0001f43e Playing ball! \U0001f3d0"']))
        names = [line.split(" - ")[0] for line in self.call("describe").stdout.splitlines()
                 if line and not line.startswith(" ")]
        self.assertEqual(names, ["binary", "describe", "double", "echo", "negate", "search"])
        done = self.call("--output", "json", "describe", "negate")
        self.assertEqual(json.loads(done.stdout)["result"]["name"], "negate")

    def test_the_forms_of_a_value(self):
        self.assert_result(["--json", "double", "4611686018427387903"], "9223372036854775806")
        self.assert_result(["--string", "echo", "[1,2]"], "[1,2]")
        self.assert_result(["--binary", "hello", "world"], "First 10 bytes of request: helloworld")
        self.assert_result(["--json", "binary", '"abcdefghijkl"'],
                           "First 10 bytes of request: abcdefghij")

    def test_options_may_stand_anywhere(self):
        self.assert_result(["search", "ring", "--timeout", "20"], RING)
        self.assert_result(["search", "--timeout=20", "ring"], RING)
        self.assert_result(["search", "--", "--json"], 'No match for "--json".')

    def test_a_value_from_a_file_and_from_standard_input(self):
        path = self.file("value", "ring\n")
        self.assert_result(["search", "--file", path], RING)
        self.assert_result(["search", "--file", "-"], RING, stdin=b"ring\n")
        self.assert_result(["search", "-"], RING, stdin=b"ring")

    def test_call_reaches_an_action_of_a_commands_name(self):
        done = self.call("call", "resolve", "x")
        self.assertEqual((done.exit, done.stdout), (SERVER_ERROR, ""))
        self.assertIn('invalid action "resolve".', done.stderr)
        self.assert_result(["call", "search", "ring"], RING)

    def test_output_as_json_is_an_object_a_reply(self):
        done = self.call("--output=json", "--header=request-id=5", "echo", "[1, 2]")
        reply = json.loads(done.stdout)
        self.assertEqual((reply["result"], reply["status"], reply["error"]), ([1, 2], "ok", False))
        self.assertEqual(reply["request-id"], 5)
        self.assertEqual(done.stdout.count("\n"), 1)
        done = self.call("--output=json", "binary", "abc")
        content = base64.b64decode(json.loads(done.stdout)["content-base64"])
        self.assertEqual(content, b"First 10 bytes of request: binaryabc")
        done = self.call("--output=json", "frobnicate")
        self.assertEqual(done.exit, SERVER_ERROR)
        self.assertTrue(json.loads(done.stdout)["error"])

    def test_output_raw_is_the_content_alone(self):
        done = self.call("--output=raw", "search", "needle")
        self.assertEqual(done.stdout, r'{"result": "No match for \"needle\"."}')
        path = self.folder / "bytes"
        path.write_bytes(bytes(range(256)))
        done = self.call("--output=raw", "--binary", "--header=action=echo", "", "--file", path,
                         text=False)
        self.assertEqual((done.exit, done.stdout), (0, bytes(range(256))), done.stderr)

    def test_a_header_field_is_added(self):
        done = self.call("--header", "request-id=abc", "--output=json", "echo", "1")
        self.assertEqual(json.loads(done.stdout)["request-id"], "abc")

    def test_repeat_and_connections_and_pipeline(self):
        done = self.call("--repeat=50", "--connections=4", "--pipeline=8", "search", "ring")
        self.assertEqual((done.exit, done.stdout), (0, (RING + "\n") * 200), done.stderr)

    def test_a_content_of_16_mib_goes_and_comes(self):
        path = self.file("value", json.dumps("x" * (16 * 2**20 - 100)))
        text = self.call("echo", "--file", path)
        self.assertEqual((text.exit, len(text.stdout)), (0, 16 * 2**20 - 100 + 1), text.stderr)


class EchoTest(programs.TestCase):
    def test_the_value_comes_back(self):
        for protocol in ("raw", "framed", "message"):
            with self.subTest(protocol):
                with programs.Appd(listen=[f"{protocol}-echo://127.0.0.1:0"]) as appd:
                    done = programs.appctl("h\u00e9llo", server=appd.address)
                    self.assertEqual((done.exit, done.stdout), (0, "h\u00e9llo\n"), done.stderr)
                    content = wire.pattern(5_000_000)
                    done = programs.appctl(
                        "--output=raw", "-", server=appd.address, stdin=content, text=False
                    )
                    self.assertEqual((done.exit, done.stdout == content), (0, True), done.stderr)

    def test_an_echo_that_is_none_breaks_the_protocol(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            client = subprocess.Popen(
                [programs.APPCTL, "--server", f"raw-echo://127.0.0.1:{port}", "text"],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            connection, _ = listener.accept()
            with connection:
                wire.read_exactly(connection, 4)
                connection.sendall(b"test")
                client.communicate(timeout=programs.DEADLINE)
            self.assertEqual(client.returncode, BROKEN)


class RequestTest(programs.TestCase):
    """What goes over the wire, as a server of the test's own sees it."""

    def sent(self, *arguments, **options):
        with wire.RecordingServer(wire.answer_and_close(OK_REPLY)) as server:
            done = programs.appctl(*arguments, server=server.address, **options)
        self.assertEqual(done.exit, 0, done.stderr)
        (request,) = server.requests
        return request

    def test_a_plain_request_has_the_four_fields(self):
        request = self.sent("echo", "1")
        self.assertEqual(
            list(request.header),
            ["byteorder", "content-type", "content-encoding", "content-length"],
        )

    def test_values_as_json(self):
        for arguments, content in (
            (["echo", "1"], '{"action": "echo", "value": 1}'),
            (["echo", "[1,2]"], '{"action": "echo", "value": [1,2]}'),
            (["echo", "one"], '{"action": "echo", "value": "one"}'),
            (["echo", '"one"'], '{"action": "echo", "value": "one"}'),
            (["--string", "echo", "1"], '{"action": "echo", "value": "1"}'),
            (["search", "5"], '{"action": "search", "value": "5"}'),
            (["--json", "search", "5"], '{"action": "search", "value": 5}'),
            (["--json", "double", "5"], '{"action": "double", "value": 5}'),
            (["--string", "binary", "x"], '{"action": "binary", "value": "x"}'),
            (["frob", "\u00e9"], '{"action": "frob", "value": "\u00e9"}'),
            (["frob"], '{"action": "frob"}'),
        ):
            with self.subTest(arguments):
                self.assertEqual(self.sent(*arguments).content.decode(), content)

    def test_values_as_bytes(self):
        for arguments, content in (
            (["binary", "x"], b"binaryx"),
            (["double", "5"], b"double\0\0\0\5"),
            (["negate", "-2147483648"], b"negate\x80\0\0\0"),
            (["--binary", "hello", "world"], b"helloworld"),
            (["--binary", "double", "5"], b"double5"),
        ):
            with self.subTest(arguments):
                request = self.sent(*arguments)
                self.assertEqual(request.content, content)
                self.assertEqual(request.header["content-type"], wire.CLIENT_BINARY)

    def test_header_fields(self):
        request = self.sent(
            "--header=request-id=5", "--header", "x-trace=a=b", "--header=deadline-ms=100",
            "echo", "1",
        )
        self.assertEqual(
            (request.header["request-id"], request.header["x-trace"]), (5, "a=b")
        )
        self.assertEqual(request.header["deadline-ms"], 100)

    def test_each_connection_repeats_on_itself_where_it_is_kept(self):
        with wire.RecordingServer(wire.keep_answering(KEPT_REPLY)) as server:
            done = programs.appctl(
                "--repeat=10", "--connections=3", "search", "x", server=server.address
            )
        self.assertEqual((done.exit, done.stdout), (0, "ok\n" * 30), done.stderr)
        self.assertEqual([len(requests) for requests in server.connections], [10, 10, 10])

    def test_pipeline_does_not_wait_for_replies(self):
        """The server holds back all replies but the first until 9 more requests are there."""

        def answer(_, count):
            if count == 1:
                return KEPT_REPLY
            return KEPT_REPLY * 9 if count == 10 else b""

        with wire.RecordingServer(answer) as server:
            done = programs.appctl(
                "--repeat=10", "--pipeline=9", "search", "x", server=server.address
            )
        self.assertEqual((done.exit, done.stdout), (0, "ok\n" * 10), done.stderr)

    def test_a_server_that_closes_gets_a_connection_a_request(self):
        with wire.RecordingServer(wire.answer_and_close(OK_REPLY)) as server:
            done = programs.appctl("--repeat=5", "search", "x", server=server.address)
        self.assertEqual((done.exit, done.stdout), (0, "ok\n" * 5), done.stderr)
        self.assertEqual([len(requests) for requests in server.connections], [1] * 5)

    def test_trace_goes_to_standard_error(self):
        with wire.RecordingServer(wire.answer_and_close(OK_REPLY)) as server:
            done = programs.appctl("--trace", "search", "x", server=server.address)
        self.assertEqual(done.stdout, "ok\n")
        self.assertRegex(
            done.stderr,
            r"(?s)^starting connection to .*\nsending b'\\x00.*\nreceived response "
            r"\{'result': 'ok'\} from .*\ngot result: ok\nclosing connection to .*\n$",
        )


class ExitTest(programs.TestCase):
    def ends(self, code, *arguments, server=None, **options):
        done = programs.appctl(*arguments, server=server, **options)
        self.assertEqual((done.exit, done.stdout), (code, ""), (arguments, done.stderr))
        self.assertNotEqual(done.stderr, "")
        return done

    def test_0_and_1_with_and_without_a_status(self):
        error = '{"result": "Error: no"}'
        for reply in (
            wire.text_request(error),
            wire.text_request(error, status="invalid_argument", connection="close"),
        ):
            with wire.RecordingServer(wire.answer_and_close(reply)) as server:
                done = self.ends(SERVER_ERROR, "search", "x", server=server.address)
                self.assertIn("no", done.stderr)
        for reply in (OK_REPLY, wire.text_request(error, status="ok", connection="close")):
            with wire.RecordingServer(wire.answer_and_close(reply)) as server:
                done = programs.appctl("search", "x", server=server.address)
                self.assertEqual((done.exit, done.stderr), (0, ""))

    def test_2_wrong_usage_names_what_is_wrong(self):
        for arguments, part in (
            ([], ""),
            (["--frobnicate", "search", "x"], "--frobnicate"),
            (["--server", "app://127.0.0.1:70000", "search", "x"], "70000"),
            (["--server", "gopher://127.0.0.1:70", "search", "x"], "gopher"),
            (["--timeout", "soon", "search", "x"], "timeout"),
            (["--timeout", "-1", "search", "x"], "timeout"),
            (["--repeat", "0", "search", "x"], "repeat"),
            (["--connections", "x", "search", "x"], "connections"),
            (["--output", "xml", "search", "x"], "xml"),
            (["--json", "--string", "search", "x"], "--string"),
            (["--json", "echo", "{"], ""),
            (["--header", "novalue", "search", "x"], "novalue"),
            (["--file", "/nonexistent/file", "search"], "/nonexistent/file"),
            (["double", "five"], "five"),
            (["double", "2147483648"], "2147483648"),
            (["double"], "double"),
            (["search", "x", "surplus"], "surplus"),
            (["resolve"], "HOST"),
        ):
            with self.subTest(arguments):
                self.assertIn(part, self.ends(USAGE, *arguments).stderr)

    def test_3_cannot_connect(self):
        missing = self.folder / "socket"
        for server in (
            f"app://127.0.0.1:{closed_port()}",
            f"raw-echo://127.0.0.1:{closed_port()}",
            f"app+unix://{missing}",
            "app://no-such-host.invalid:1",
        ):
            with self.subTest(server):
                self.ends(CANNOT_CONNECT, "search", "x", server=server)

    def test_4_timeout(self):
        with wire.RecordingServer(None) as server:
            self.ends(TIMEOUT, "--timeout=0.2", "search", "x", server=server.address)
            echo = server.address.replace("app://", "raw-echo://")
            self.ends(TIMEOUT, "--timeout=0.2", "x", server=echo)

    def test_5_the_peer_breaks_the_protocol(self):
        for reply in (
            b"",
            b"\0",
            OK_REPLY[:-1],
            wire.with_header(b"{"),
            wire.with_header(b"[]"),
            wire.text_request("{"),
            wire.text_request(b'{"result": "\xff"}'),
            wire.text_request('{"result": "x"}', encoding="ebcdic"),
            b"HTTP/1.1 400 Bad Request\r\n\r\n" + b"x" * 70_000,
        ):
            with self.subTest(reply[:40]):
                with wire.RecordingServer(wire.answer_and_close(reply)) as server:
                    self.ends(BROKEN, "search", "x", server=server.address)

    def test_a_failure_of_one_request_of_many_counts(self):
        bad = wire.text_request(
            '{"result": "Error: no"}', connection="keep-alive", status="internal"
        )

        def answer(_, count):
            return bad if count == 2 else KEPT_REPLY

        with wire.RecordingServer(answer) as server:
            done = programs.appctl("--repeat=3", "search", "x", server=server.address)
        self.assertEqual((done.exit, done.stdout), (SERVER_ERROR, "ok\nok\n"))

    def test_standard_output_that_is_full_is_told(self):
        if not pathlib.Path("/dev/full").exists():
            self.skipTest("no /dev/full here")
        with wire.RecordingServer(wire.answer_and_close(OK_REPLY)) as server:
            with open("/dev/full", "wb") as full:
                done = subprocess.run(
                    [programs.APPCTL, "--server", server.address, "search", "x"],
                    stdout=full,
                    stderr=subprocess.PIPE,
                    timeout=programs.DEADLINE,
                    check=False,
                )
        self.assertNotEqual(done.returncode, 0)
        self.assertNotEqual(done.stderr, b"")


class ResolveTest(programs.TestCase):
    def test_it_prints_what_getaddrinfo_knows(self):
        done = programs.appctl("resolve", "127.0.0.1", "80")
        self.assertEqual(done.exit, 0, done.stderr)
        self.assertIn("127.0.0.1", done.stdout)
        self.assertIn("80", done.stdout)
        self.assertRegex(done.stdout, r"(?i)INET|IPv4")
        self.assertRegex(done.stdout, r"(?i)STREAM")
        self.assertRegex(done.stdout, r"(?i)TCP")

    def test_every_address_is_there(self):
        known = {info[4][0] for info in socket.getaddrinfo("localhost", None)}
        done = programs.appctl("resolve", "localhost")
        self.assertEqual(done.exit, 0, done.stderr)
        for address in known:
            self.assertIn(address, done.stdout)

    def test_a_name_that_nobody_knows(self):
        done = programs.appctl("resolve", "no-such-host.invalid")
        self.assertEqual((done.exit, done.stdout), (CANNOT_CONNECT, ""))
        self.assertIn("no-such-host.invalid", done.stderr)

    def test_help_and_version(self):
        done = programs.appctl("--help")
        self.assertEqual((done.exit, done.stderr), (0, ""))
        for flag in "server trace connections repeat pipeline timeout output file header".split():
            self.assertIn(f"--{flag}", done.stdout)
        done = programs.appctl("--version")
        self.assertEqual(done.exit, 0)
        self.assertRegex(done.stdout, r"^appctl \d+\.\d+\.\d+\n$")


if __name__ == "__main__":
    unittest.main()
