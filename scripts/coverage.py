#!/usr/bin/env python3
"""Prints how much of the lines and branches of each folder the tests reached, and exits 1 where that of all of
them is less than is wanted, or a branch of the codec was not reached.

  scripts/coverage.py BUILD_DIR [--missed FOLDER]

BUILD_DIR is a build with clang's counters, with the profiles of its tests in BUILD_DIR/profiles
(scripts/coverage makes both). --missed lists what was not reached below FOLDER, as FILE:LINE. A branch of a
template counts as reached where one of its instances reached it. What is left out has its reason in
scripts/coverage.txt.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LEFT_OUT = ROOT / "scripts" / "coverage.txt"
LAYERS = ("reactor", "protocol", "options", "machine", "logging", "handlers", "servers", "daemon", "clients",
          "outgoing", "testkit")
# What takes messages apart and puts them together.
CODEC = tuple("protocol/" + name for name in (
    "foreign_start", "frame_decoder", "header_cache", "message_decoder", "message_encoder", "message_header",
    "owned_header", "reply_header"))
WANTED_LINES = 95.0
WANTED_BRANCHES = 90.0


def tool(name: str) -> str:
    """The newest llvm's; Debian's plain name first."""
    found = shutil.which(name) or next((shutil.which(f"{name}-{v}") for v in range(25, 13, -1)
                                        if shutil.which(f"{name}-{v}")), None)
    if not found:
        sys.exit(f"scripts/coverage: no {name} here (package llvm)")
    return found


def programs(build: Path) -> list:
    """Everything that was linked, tests and programs and plugins."""
    found = [path for path in build.rglob("*") if path.is_file() and "CMakeFiles" not in path.parts
             and (path.suffix in ("", ".so")) and path.stat().st_mode & 0o111]
    return sorted(path for path in found if path.open("rb").read(4) == b"\x7fELF")


def export(build: Path) -> dict:
    """What llvm-cov knows of all programs together."""
    profiles = sorted((build / "profiles").glob("*.profraw"))
    if not profiles:
        sys.exit(f"scripts/coverage: no profiles in {build}/profiles; the tests have not run")
    merged = build / "profiles" / "all.profdata"
    subprocess.run([tool("llvm-profdata"), "merge", "--sparse", *profiles, "-o", merged], check=True)
    first, *others = programs(build)
    run = subprocess.run([tool("llvm-cov"), "export", "--skip-expansions", f"--instr-profile={merged}", first,
                          *(f"--object={one}" for one in others)], check=True, stdout=subprocess.PIPE)
    return json.loads(run.stdout)["data"][0]


def left_out() -> tuple:
    """(files, patterns of lines whose branches do not count)"""
    files, patterns = set(), []
    for line in LEFT_OUT.read_text("utf-8").splitlines():
        kind, _, what = line.partition(" ")
        if kind == "file":
            files.add(what.strip())
        elif kind == "branch":
            patterns.append(re.compile(what.strip()))
    return files, patterns


class Sources:
    """The product's files, by their names in the repository, which links of include/appd lead to."""

    def __init__(self):
        self.ignored, self.patterns = left_out()
        self.names, self.texts = {}, {}

    def name(self, path: str) -> str:
        """Empty for what does not count."""
        if path not in self.names:
            try:
                name = Path(path).resolve().relative_to(ROOT).as_posix()
            except ValueError:
                name = ""
            self.names[path] = name if name.split("/")[0] in LAYERS and name not in self.ignored else ""
        return self.names[path]

    def counts(self, name: str, line: int) -> bool:
        """Whether the branches of that line do."""
        if name not in self.texts:
            self.texts[name] = (ROOT / name).read_text("utf-8").splitlines()
        return not any(pattern.search(self.texts[name][line - 1]) for pattern in self.patterns)


def lines_of(file: dict) -> dict:
    """Line number to how often it was reached, from llvm's segments [line, column, count, has count, is entry, gap]."""
    reached, open_count = {}, None
    segments = file["segments"]
    for at, (line, _, count, has_count, _, gap) in enumerate(segments):
        open_count = count if has_count and not gap else None
        end = segments[at + 1][0] if at + 1 < len(segments) else line
        if open_count is None:
            continue
        for number in range(line, end + 1):
            reached[number] = max(reached.get(number, 0), open_count)
    return reached


def measure(data: dict, sources: Sources) -> tuple:
    """(lines, branches): by file, by place, whether each was reached"""
    lines, branches = defaultdict(dict), defaultdict(lambda: defaultdict(int))
    for file in data["files"]:
        name = sources.name(file["filename"])
        for number, count in lines_of(file).items() if name else ():
            lines[name][number] = lines[name].get(number, 0) + count
    for function in data["functions"]:
        for branch in function.get("branches", ()):
            line, column, _, _, taken, not_taken, file = branch[:7]
            name = sources.name(function["filenames"][file])
            if name and sources.counts(name, line):
                branches[name][line, column, True] += taken
                branches[name][line, column, False] += not_taken
    return lines, branches


def share(measured: dict, folder: str) -> tuple:
    """(per cent, how many were not reached)"""
    counts = [count for name, places in measured.items() if name.rpartition("/")[0] == folder or folder == ""
              or (folder in LAYERS and name.startswith(folder + "/")) for count in places.values()]
    missed = sum(1 for count in counts if count == 0)
    if not counts:  # nothing of a layer was linked; a room may have no branches
        return (0.0 if folder in LAYERS else 100.0), missed
    return 100.0 * (len(counts) - missed) / len(counts), missed


def print_table(lines: dict, branches: dict) -> bool:
    """Layers, with their rooms below them; whether all is as wanted."""
    good = True
    rooms = {name.rpartition("/")[0] for name in lines} | set(LAYERS)
    print(f"{'folder':24} {'lines':>7} {'missed':>6} {'branches':>9} {'missed':>6}")
    for folder in sorted(rooms, key=lambda room: (LAYERS.index(room.split("/")[0]), room)) + [""]:
        line_share, lines_missed = share(lines, folder)
        branch_share, branches_missed = share(branches, folder)
        below = line_share < WANTED_LINES or branch_share < WANTED_BRANCHES
        good = good and not (below and folder == "")
        title = ("  " + folder if "/" in folder else folder) or "all"
        print(f"{title:24} {line_share:6.1f}% {lines_missed:6} {branch_share:8.1f}% {branches_missed:6}"
              f"{'  below what is wanted of all' if below else ''}")
    print(f"wanted of all: {WANTED_LINES:.0f} % of the lines, {WANTED_BRANCHES:.0f} % of the branches")
    codec = {name: branches[name] for name in branches if name.rpartition(".")[0] in CODEC}
    missed = sum(1 for places in codec.values() for count in places.values() if count == 0)
    print(f"codec: {sum(map(len, codec.values()))} branches, {missed} of them missed; wanted: all")
    return good and missed == 0


def print_missed(lines: dict, branches: dict, folder: str):
    for name in sorted(name for name in lines if name.startswith(folder)):
        for number, count in sorted(lines[name].items()):
            if count == 0:
                print(f"{name}:{number}: not reached")
        for (line, column, way), count in sorted(branches[name].items()):
            if count == 0 and lines[name].get(line, 0) > 0:
                print(f"{name}:{line}:{column}: never {str(way).lower()}")


def main(arguments) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path)
    parser.add_argument("--missed", metavar="FOLDER")
    options = parser.parse_args(arguments)
    lines, branches = measure(export(options.build), Sources())
    if options.missed is not None:
        print_missed(lines, branches, options.missed)
        return 0
    return 0 if print_table(lines, branches) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
