#!/usr/bin/env python3
"""Runs what the pages show, in their order, and compares what comes out with what they say (page.py: the convention).

  run_pages.py --bin FOLDER [--also FOLDER] [--root FOLDER] [--not-run N] [--compiled] [--timeout S] PAGE...

The first FOLDER has appd and appctl, and is the page's build/release/bin; --also has further programs. PAGE counts
from the root, the repository unless given. Commands run in a copy of the repository that is thrown away, in a network of their own where the system
allows it. A mistake is told as `PAGE:LINE: expected ..., seen ...`. Exits 1 when there was one, or when there are
not exactly N blocks that nobody runs. --compiled: another test compiles the page's C++.
"""

import argparse
import os
import pathlib
import re
import socket
import sys
import tempfile

import own_network
import page
import patterns
from terminal import Terminal, TerminalError

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Report:
    """What is wrong with a page, and what was done."""

    def __init__(self, name: str):
        self.name = name
        self.mistakes = []
        self.not_run = []
        self.commands = 0
        self.compared = 0  # blocks without commands

    def wrong(self, line: int, text: str):
        self.mistakes.append(f"{self.name}:{line}: {text}")

    def summary(self) -> str:
        counts = f"{self.name}: {self.commands} commands, {self.compared} other blocks, {len(self.not_run)} not run"
        return "\n".join([counts, *(f"  not run, line {line}: {why}" for line, why in self.not_run)])


def shown(lines: list, index: int) -> str:
    return repr(lines[index]) if index < len(lines) else "nothing more"


class PageRun:
    """Runs one page. `folder` is the copy in which its commands run."""

    def __init__(self, root, folder, terminal: Terminal, report: Report, compiled: bool):
        self._root = root
        self._folder = folder
        self._terminal = terminal
        self._report = report
        self._compiled = compiled

    def run(self, blocks: list):
        for block in blocks:
            try:
                self._run_block(block)
            except (TerminalError, page.PageError, OSError) as error:
                self._report.wrong(block.line, str(error))
                return  # nothing behind it can be trusted
        self._stop()

    def _run_block(self, block: page.Block):
        if block.has("start"):
            self._terminal.serve(block.line, block.clauses["start"])
            self._wait_for_start(block)
        elif block.has("stop"):
            self._stop()
        elif block.has("not run:"):
            self._report.not_run.append((block.line, block.clauses["not run:"]))
        elif block.has("log of"):
            self._look_at_log(block)
        elif block.language == "console":
            self._run_commands(block)
        elif block.language not in page.OTHER_LANGUAGES or block.has("wire"):
            self._report.compared += 1
            self._look_at_file(block)

    def _stop(self):
        for server, what in self._terminal.stop():
            self._report.wrong(server.line, f"`{server.text}` {what}")

    def _wait_for_start(self, block: page.Block):
        server = self._terminal.server(block.clauses["start"])
        self._terminal.wait_until(lambda: server.exit_code() is not None or
                                  any(line.startswith("listening on ") for line in server.printed()))
        if server.exit_code() is not None or not server.printed():
            self._report.wrong(block.line, f"`{server.text}` does not serve: {server.printed()[-5:]}")

    def _run_commands(self, block: page.Block):
        found = page.commands(block)
        exits = [int(code) for code in block.clauses.get("exits", "").split(",") if code.strip()]
        exits = [0] * (len(found) - len(exits)) + exits
        for index, command in enumerate(found):
            self._report.commands += 1
            if block.has("serves") and index == len(found) - 1:
                self._serve(block, command)
                continue
            code, printed = self._terminal.run(command.text)
            self._compare(block, command, printed.splitlines())
            if code != exits[index]:
                self._report.wrong(command.line, f"expected exit code {exits[index]}, seen {code} "
                                                 f"of `{command.text}`, which printed {printed[-500:]!r}")
        self._check_varies(block)

    def _serve(self, block: page.Block, command: page.Command):
        server = self._terminal.serve(command.line, command.text)
        expected, _ = self._prepare(block, command.printed, [])

        def seen():
            return self._prepare(block, [], server.printed())[1]

        def is_there():
            lines = seen() if block.has("excerpt") else seen()[:len(expected)]
            return patterns.first_difference(expected, lines, block.has("excerpt")) is None

        self._terminal.wait_until(lambda: is_there() or server.exit_code() is not None)
        if not is_there():
            self._compare(block, command, server.printed())
        elif server.exit_code() is not None:
            self._report.wrong(command.line, f"`{command.text}` ended with exit code {server.exit_code()}")
        server.told(len(server.printed()) if block.has("excerpt") else len(command.printed))

    def _look_at_log(self, block: page.Block):
        server = self._terminal.server(block.clauses["log of"])

        def missing():
            expected, seen = self._prepare(block, block.lines, server.printed())
            return patterns.missing_line([line for line in expected if line != "..."], seen)

        self._terminal.wait_until(lambda: missing() is None)
        index = missing()
        if index is not None:
            shown_lines = [line for line in block.lines if line != "..."]
            self._report.wrong(block.line + block.lines.index(shown_lines[index]),
                               f"expected in the log {shown_lines[index]!r}, seen {server.printed()[-20:]}")
        server.told(len(server.printed()))
        self._report.compared += 1
        self._check_varies(block)

    def _prepare(self, block: page.Block, expected: list, seen: list):
        """Both without what may differ."""
        if block.has("may print"):
            optional = re.compile(block.clauses["may print"])
            expected, seen = ([line for line in lines if not optional.fullmatch(line)] for lines in (expected, seen))
        varies = self._varies(block)
        return patterns.normal(expected, varies), patterns.normal(seen, varies)

    @staticmethod
    def _varies(block: page.Block) -> list:
        names = [name.strip() for name in block.clauses.get("varies", "").split(",") if name.strip()]
        for name in names:
            if name not in patterns.PATTERNS:
                raise page.PageError(block.line, f"varies: {name} is none of {', '.join(patterns.PATTERNS)}")
        return names

    def _check_varies(self, block: page.Block):
        for name in self._varies(block):
            if patterns.normal(block.lines, [name]) == block.lines:
                self._report.wrong(block.line, f"varies {name}: there is none in the block; leave it out")

    def _compare(self, block: page.Block, command: page.Command, printed: list):
        expected, seen = self._prepare(block, command.printed, printed)
        difference = patterns.first_difference(expected, seen, block.has("excerpt"))
        if difference is not None:
            self._report.wrong(command.printed_line + difference[0],
                               f"expected {shown(expected, difference[0])}, seen {shown(seen, difference[1])} "
                               f"of `{command.text}`, which printed {printed}")

    def _look_at_file(self, block: page.Block):
        if block.has("file"):
            (self._folder / block.clauses["file"]).write_text("\n".join(block.lines) + "\n", "utf-8")
        elif block.has("from"):
            self._compare_with_file(block)
        elif block.has("wire"):
            self._talk(block)
        elif not (block.language == "cpp" and self._compiled):
            self._report.wrong(block.line, f"{block.language}: nobody tries this; say `file NAME`, `from PATH` "
                                           "or `not run: REASON`")

    def _compare_with_file(self, block: page.Block):
        rest = [line.strip() for line in (self._root / block.clauses["from"]).read_text("utf-8").splitlines()]
        for index, line in enumerate(block.lines):
            if line.strip() not in rest:
                self._report.wrong(block.line + index, f"expected {line!r}, not seen (so far down) in "
                                                       f"{block.clauses['from']}")
                return
            rest = rest[rest.index(line.strip()) + 1:]

    def _talk(self, block: page.Block):
        host, _, port = block.clauses["wire"].rpartition("://")[2].rpartition(":")
        request = None
        for index, line in enumerate(block.lines):
            word, _, text = line.partition(" ")
            if word == "request":
                request = wire_bytes(text)
            elif word == "reply" and request is not None:
                seen = exchange(host, int(port), request)
                if seen != wire_bytes(text):
                    self._report.wrong(block.line + index, f"expected {wire_bytes(text)!r}, seen {seen!r}")
            elif line.strip():
                raise page.PageError(block.line + index, "wire: a line is `request BYTES` or `reply BYTES`")


def wire_bytes(text: str) -> bytes:
    return re.sub(rb"\\x([0-9a-f]{2})", lambda m: bytes([int(m[1], 16)]), text.strip().encode())


def exchange(host: str, port: int, request: bytes) -> bytes:
    """What comes back until the server closes."""
    received = b""
    with socket.create_connection((host, port), timeout=30) as connection:
        connection.sendall(request)
        while piece := connection.recv(65536):
            received += piece
    return received


def copy_of(root: pathlib.Path, programs: pathlib.Path, folder: pathlib.Path):
    """The repository as a page's commands see it: links, with a build/release of these programs."""
    folder.mkdir()
    for entry in root.iterdir():
        if not entry.name.startswith((".git", "build")):
            (folder / entry.name).symlink_to(entry)
    (folder / "build").mkdir()
    (folder / "build" / "release").symlink_to(programs.parent)


def environment(programs: list, home: pathlib.Path) -> dict:
    """This process's, without options that somebody may have set."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(("APPD", "APPCTL", "PYTHON", "LC_", "LANG"))}
    return kept | {"PATH": ":".join([*map(str, programs), kept.get("PATH", os.defpath)]), "HOME": str(home),
                   "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "utf-8"}


def run_page(name: str, root: pathlib.Path, programs: list, timeout: float, compiled: bool) -> Report:
    """The first folder of `programs` has appd and appctl."""
    report = Report(name)
    with tempfile.TemporaryDirectory(prefix="appd-page-") as temporary:
        scratch = pathlib.Path(temporary)
        (scratch / "home").mkdir()
        copy_of(root, programs[0], scratch / "appd")
        try:
            blocks = page.parse((root / name).read_text("utf-8"))
        except page.PageError as error:
            report.mistakes.append(f"{name}:{error}")
            return report
        terminal = Terminal(scratch / "appd", scratch, environment(programs, scratch / "home"), timeout)
        try:
            PageRun(root, scratch / "appd", terminal, report, compiled).run(blocks)
        finally:
            terminal.close()
    return report


def main(arguments) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--also", type=pathlib.Path, action="append", default=[])
    parser.add_argument("--root", type=pathlib.Path, default=ROOT)
    parser.add_argument("--not-run", type=int, default=0)
    parser.add_argument("--compiled", action="store_true")
    parser.add_argument("--timeout", type=float, default=60)
    parser.add_argument("pages", nargs="+")
    options = parser.parse_args(arguments)
    lock = own_network.enter()  # pylint: disable=unused-variable
    programs = [folder.resolve() for folder in (options.bin, *options.also)]
    reports = [run_page(name, options.root.resolve(), programs, options.timeout, options.compiled)
               for name in options.pages]
    for report in reports:
        print(*report.mistakes, report.summary(), sep="\n")
    not_run = sum(len(report.not_run) for report in reports)
    if not_run != options.not_run:
        print(f"{not_run} blocks are not run, expected {options.not_run}; the number stands where this test is listed")
    return 1 if not_run != options.not_run or any(report.mistakes for report in reports) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
