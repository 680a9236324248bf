"""run_pages.py: what is wrong in a page is found, with its line, and a page that is right passes."""

import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True

import page  # noqa: E402  pylint: disable=wrong-import-position
import patterns  # noqa: E402  pylint: disable=wrong-import-position
import run_pages  # noqa: E402  pylint: disable=wrong-import-position

SERVER = """#!/bin/sh
# talk [LINE]...: a server that tells these lines and then goes on.
for line; do echo "$line"; done
trap 'exit 0' TERM
while :; do sleep 0.05; done
"""


def console(text: str, clauses: str = "") -> str:
    comment = f"<!-- test: {clauses} -->\n" if clauses else ""
    return f"{comment}```console\n{text}\n```\n"


class PageTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.root = pathlib.Path(temporary.name) / "repository"
        self.programs = self.root / "build" / "release" / "bin"
        self.programs.mkdir(parents=True)
        (self.programs / "talk").write_text(SERVER, "ascii")
        (self.programs / "talk").chmod(0o755)

    def run_page(self, markdown: str, timeout: float = 20) -> run_pages.Report:
        (self.root / "page.md").write_text(markdown, "utf-8")
        return run_pages.run_page("page.md", self.root, [self.programs], timeout, compiled=False)

    def assert_right(self, markdown: str):
        report = self.run_page(markdown)
        self.assertEqual(report.mistakes, [])
        return report

    def assert_wrong(self, markdown: str, *beginnings: str, timeout: float = 20):
        """One mistake for each of the beginnings, `LINE: TEXT`."""
        mistakes = self.run_page(markdown, timeout).mistakes
        self.assertEqual(len(mistakes), len(beginnings), mistakes)
        for mistake, beginning in zip(mistakes, beginnings):
            self.assertTrue(mistake.startswith(f"page.md:{beginning}"), mistake)

    # Output.

    def test_what_is_printed_on_both_streams_is_right(self):
        self.assertEqual(self.assert_right(console("$ echo one; echo two >&2\none\ntwo\n$ echo three\nthree")).commands, 2)

    def test_another_word_is_found(self):
        self.assert_wrong("text\n" + console("$ printf 'a\\nb\\nc\\n'\na\nB\nc"), "5: expected 'B', seen 'b'")

    def test_a_line_that_the_page_leaves_out_is_found(self):
        self.assert_wrong(console("$ printf 'a\\nb\\n'\na"), "4: expected nothing more, seen 'b'")

    def test_a_line_that_does_not_come_is_found(self):
        self.assert_wrong(console("$ echo a\na\nb"), "4: expected 'b', seen nothing more")

    def test_a_line_on_standard_error_that_the_page_leaves_out_is_found(self):
        self.assert_wrong(console("$ echo a; echo summary >&2\na"), "4: expected nothing more, seen 'summary'")

    def test_a_command_that_prints_nothing_shows_nothing(self):
        self.assert_wrong(console("$ true\nsomething\n$ echo x"), "3: expected 'something', seen nothing more",
                          "5: expected nothing more, seen 'x'")

    # Exit codes and time.

    def test_a_command_that_fails_is_found(self):
        self.assert_wrong(console("$ echo a; exit_code() { return 3; }; exit_code\na"), "2: expected exit code 0, seen 3")

    def test_a_command_that_does_not_exist_is_found(self):
        self.assertTrue(any("seen 127" in mistake for mistake in self.run_page(console("$ nosuch")).mistakes))

    def test_an_exit_code_that_the_page_says_is_right(self):
        self.assert_right(console("$ true\n$ (exit 2)\n$ (exit 1)", "exits 2, 1"))

    def test_a_command_that_succeeds_where_it_should_fail_is_found(self):
        self.assert_wrong(console("$ true", "exits 1"), "3: expected exit code 1, seen 0")

    def test_a_command_that_hangs_is_found(self):
        self.assert_wrong(console("$ echo so far; sleep 600"), "2: not done after 1 s; printed so far: 'so far", timeout=1)

    def test_a_shell_that_ends_is_found(self):
        self.assert_wrong(console("$ exit 0"), "2: the shell ended")

    # What commands share.

    def test_variables_folders_and_files_are_there_for_later_commands(self):
        self.assert_right(console("$ mkdir x && cd x\n$ word=hello\n$ echo $word >y") + console("$ cat y\nhello"))

    def test_a_command_of_several_lines_is_one(self):
        self.assert_right(console("$ echo a \\\n     b\na b"))

    def test_a_block_that_is_a_file_is_there(self):
        self.assert_right("<!-- test: file f.toml -->\n```toml\na = 1\nb = 2\n```\n" + console("$ cat f.toml\na = 1\nb = 2"))

    def test_commands_read_nothing_from_standard_input(self):
        self.assert_right(console("$ cat\n$ echo a\na"))

    def test_the_repository_is_not_written_to(self):
        self.assert_right(console("$ echo a >new"))
        self.assertFalse((self.root / "new").exists())

    # Excerpts and what varies.

    def test_dots_stand_for_any_lines_only_in_an_excerpt(self):
        text = "$ seq 9\n1\n...\n5\n6\n...\n9"
        self.assert_right(console(text, "excerpt"))
        self.assert_wrong(console(text), "4: expected '...', seen '2'")

    def test_what_an_excerpt_shows_must_come_in_this_order(self):
        self.assert_wrong(console("$ seq 9\n...\n6\n8\n...", "excerpt"), "6: expected '8', seen '7'")
        self.assert_wrong(console("$ seq 9\n...\n6\n...\n5\n...", "excerpt"), "7: expected '5'")

    def test_the_end_of_an_excerpt_is_the_end(self):
        self.assert_wrong(console("$ seq 9\n1\n...\n8", "excerpt"), "7: expected nothing more, seen '9'")
        self.assert_right(console("$ seq 9\n...\n8\n...", "excerpt"))

    def test_ports_may_differ_where_the_page_says_so(self):
        text = "$ echo from 127.0.0.1:4444 to 7\nfrom 127.0.0.1:5 to {}"
        self.assert_right(console(text.format(7), "varies port"))
        self.assert_wrong(console(text.format(8), "varies port"), "4: expected 'from 127.0.0.1:PORT to 8'")
        self.assert_wrong(console(text.format(7)), "3: expected")

    def test_errors_of_a_load_do_not_vary(self):
        text = "$ printf 'requests  10 in 1.000 s\\nerrors    2\\n'\nrequests  99 in 2.000 s\nerrors    {}"
        self.assert_right(console(text.format(2), "varies load"))
        self.assert_wrong(console(text.format(0), "varies load"), "5: expected 'errors    0', seen 'errors    2'")

    def test_a_clause_about_nothing_is_found(self):
        self.assert_wrong(console("$ echo a\na", "varies port"), "3: varies port: there is none")

    def test_a_line_that_may_come_may_come(self):
        for printed in ("a\\nmaybe 3\\n", "a\\n"):
            self.assert_right(console(f"$ printf '{printed}'\na", "may print maybe .*"))
        self.assert_wrong(console("$ printf 'a\\nmaybe not 3\\n'\na", "may print maybe \\d"), "5: expected nothing more")

    # Servers.

    def test_a_server_is_awaited_and_its_log_looked_at(self):
        self.assert_right(console("$ talk ready one\nready", "serves") + console("one", "log of talk"))

    def test_a_server_that_says_something_else_is_found(self):
        self.assert_wrong(console("$ talk steady\nready", "serves"), "4: expected 'ready', seen 'steady'", timeout=1)

    def test_a_log_without_the_line_is_found(self):
        self.assert_wrong(console("$ talk ready\nready", "serves") + console("one", "log of talk"),
                          "8: expected in the log 'one'", timeout=1)

    def test_a_server_that_ends_at_once_is_found(self):
        self.assert_wrong(console("$ exit 3\nready", "serves"), "4: expected 'ready', seen nothing more",
                          "3: `exit 3` ended with exit code 3")

    def test_a_server_that_ends_badly_is_found(self):
        self.assert_wrong(console("$ trap 'exit 9' TERM; echo ready; while :; do sleep 0.05; done\nready", "serves"),
                          "3: `trap 'exit 9' TERM; echo ready; while :; do sleep 0.05; done` ended with exit code 9")

    def test_stop_ends_the_servers(self):
        self.assert_right(console("$ sh -c 'echo $$ >pid; exec talk ready'\nready", "serves") + "<!-- test: stop -->\n" +
                          console("$ kill -0 $(cat pid) 2>/dev/null", "exits 1"))

    # Blocks.

    def test_a_block_that_nobody_runs_needs_a_reason_and_is_counted(self):
        report = self.assert_right(console("$ rm -rf /", "not run: nobody wants it; really"))
        self.assertEqual(report.not_run, [(3, "nobody wants it; really")])
        self.assertIn("1 not run", report.summary())
        self.assert_wrong(console("$ true", "not run:"), "1: not run needs a reason")

    def test_the_number_of_blocks_that_nobody_runs_is_held(self):
        (self.root / "page.md").write_text(console("$ true", "not run: why not"), "utf-8")
        common = ["--bin", str(self.programs), "--root", str(self.root), "page.md"]
        self.assertEqual(run_pages.main(common), 1)
        self.assertEqual(run_pages.main(["--not-run", "1", *common]), 0)
        self.assertEqual(run_pages.main(["--not-run", "2", *common]), 1)

    def test_a_block_must_say_what_it_is(self):
        self.assert_wrong("```\n$ true\n```\n", "1: a block without a language")
        self.assert_wrong("```text\n$ true\n```\n", "1: commands in a block of text")
        self.assert_wrong("```console\nno command\n```\n", "1: console: either commands")
        self.assert_wrong("```fortran\n```\n", "1: a block of fortran")
        self.assert_wrong("```toml\na = 1\n```\n", "2: toml: nobody tries this")

    def test_a_comment_must_be_understood_and_have_a_block(self):
        self.assert_wrong(console("$ true", "exitz 1"), "1: no clause is called so: exitz 1")
        self.assert_wrong("<!-- test: excerpt -->\ntext\n", "1: there is no block behind this comment")
        self.assert_wrong("<!-- test: excerpt -->\n", "1: there is no block behind this comment")

    def test_a_block_out_of_a_file_is_compared(self):
        (self.root / "code.cc").write_text("int a;\n  int b;\nint c;\n", "ascii")
        block = "<!-- test: from code.cc -->\n```cpp\nint {};\nint c;\n```\n"
        self.assert_right(block.format("b"))
        self.assert_wrong(block.format("d"), "3: expected 'int d;', not seen")

    # Parts.

    def test_bytes_of_the_wire_are_read_as_they_are_written(self):
        self.assertEqual(run_pages.wire_bytes("  \\x00g🐰 "), b"\0g\xf0\x9f\x90\xb0")

    def test_lines_of_blocks_count_from_the_page(self):
        blocks = page.parse("a\n\n" + console("$ x \\\n  y\nz", "excerpt"))
        self.assertEqual(blocks[0].line, 5)
        self.assertEqual(page.commands(blocks[0]), [page.Command(5, "x \\\n  y", ["z"], 7)])

    def test_a_missing_line_of_a_log_counts_each_line_once(self):
        self.assertEqual(patterns.missing_line(["a", "a"], ["a", "b"]), 1)
        self.assertIsNone(patterns.missing_line(["a", "b"], ["b", "a"]))


if __name__ == "__main__":
    unittest.main()
