#!/usr/bin/env python3
"""Compares what the pages say of the programs' options with what the programs say of themselves.

  option_tables.py --bin FOLDER [--root FOLDER]

Every flag of `appd --help` has its row in docs/operations.md, every one of `appctl --help` stands in docs/appctl.md;
every flag that a page names exists; defaults in tables, and in `--flag X` (DEFAULT), are those of `appd --print-config` and
`appctl --help`. Prints `PAGE:LINE: what is wrong` and exits 1 when there was something.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = ("README.md", "docs/appctl.md", "docs/handlers.md", "docs/operations.md", "docs/protocol.md",
         "docs/tutorial.md")
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")
# What a page shows in order to show the error.
NO_FLAGS = ("--bogus",)
UNITS = {"": 1, "ms": 0.001, "s": 1, "m": 60, "h": 3600, "B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9,
         "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
NUMBER = re.compile(r"(\d[\d,]*(?:\.\d+)?) ?(ms|s|m|h|[kKMG]i?B|B)?(?![\w.])")
# What --print-config prints where the default is in words: none, off, the limit on open files ...
NOTHING = ("", "0", "0s", "false", "[]")


def flags_of(help_text: str) -> dict:
    """flag -> what help says of it, its first line included"""
    found, current = {}, None
    for line in help_text.splitlines():
        start = re.match(r"  (?:-\w,)?(--[a-z][a-z0-9-]*)", line)
        if start:
            current = start[1]
            found[current] = line
        elif current and line.startswith("      "):
            found[current] += "\n" + line
        else:
            current = None
    return found


def configured(print_config: str) -> dict:
    """flag -> default of appd, as text without quotes; a list of one is that one"""
    found = {}
    for line in print_config.splitlines():
        match = re.match(r"([a-z0-9-]+) = (.*?)  # ", line)
        if match:
            value = match[2]
            value = value[1:-1] if re.fullmatch(r"\[[^,]+\]", value) else value
            found["--" + match[1]] = value.strip('"')
    return found


def appctl_defaults(flags: dict) -> dict:
    """flag -> default, where help says one: N=1, N:UINT in [1 - 9]=1, [text]"""
    found = {}
    for flag, text in flags.items():
        match = re.search(r"=(\S+)", text.splitlines()[0]) or re.search(r"\[([\w.]+)\]$", text)
        if match:
            found[flag] = match[1]
    return found


def quantity(text: str):
    """A number with its unit in seconds or bytes, where the text begins with one."""
    match = NUMBER.match(text.strip())
    return float(match[1].replace(",", "")) * UNITS[match[2] or ""] if match else None


def agree(said: str, is_so: str) -> bool:
    if quantity(is_so) is not None and NUMBER.fullmatch(is_so):
        return quantity(said) == quantity(is_so)
    return said.split()[:1] == [is_so]


def rows(markdown: str):
    """(line, cells) of every table row."""
    for number, line in enumerate(markdown.splitlines(), 1):
        if line.startswith("|") and not re.fullmatch(r"[|\s:-]+", line):
            yield number, [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))]


def first_flags(cell: str) -> list:
    return [match[1] for match in re.finditer(r"`(--[a-z0-9-]+)[^`]*`", cell)]


def check_default(flag: str, cell: str, defaults: dict, flags: dict):
    """What is wrong with a default cell of appd's tables, or None."""
    is_so = defaults.get(flag, "")
    code = re.match(r"`([^`]*)`", cell)
    said = code[1] if code else cell
    if code or quantity(cell) is not None:
        return None if agree(said, is_so) else f"{flag}: the default is {is_so or 'none'}, not {said}"
    in_words = is_so in NOTHING or "default:" in flags[flag]
    return None if in_words else f"{flag}: the default is {is_so}"


def check_appd(page: str, markdown: str, flags: dict, defaults: dict, whole: bool):
    """Rows `| --flag | default | ...`; with `whole` every flag needs one."""
    seen = set()
    for line, cells in rows(markdown):
        named = first_flags(cells[0])
        seen.update(named)
        for flag in named:
            if flag in flags and len(cells) > 1:
                wrong = check_default(flag, cells[1], defaults, flags)
                if wrong:
                    yield f"{page}:{line}: {wrong}"
    for flag in flags if whole else ():
        if flag not in seen:
            yield f"{page}:1: no table has a row for {flag}"


def said_defaults(markdown: str):
    """(line, flag, default) for `--flag X` (DEFAULT), and for a row whose second cell has as many (N) as the
    first has flags."""
    for number, line in enumerate(markdown.splitlines(), 1):
        for match in re.finditer(r"`(--[a-z0-9-]+)[^`]*` \(([^);]+)", line):
            if quantity(match[2]) is not None:
                yield number, match[1], match[2]
    for number, cells in rows(markdown):
        flags = first_flags(cells[0])
        values = re.findall(r"\((\d[^);]*)", cells[1]) if len(cells) > 1 else []
        if flags and len(flags) == len(values):
            yield from ((number, flag, value) for flag, value in zip(flags, values))


def check_appctl(page: str, markdown: str, help_text: str):
    flags = flags_of(help_text)
    for flag in flags:
        if not re.search(rf"`[^`\n]*(?<![\w-]){flag}(?![\w-])", markdown):
            yield f"{page}:1: nothing is said of {flag}"
    defaults = appctl_defaults(flags)
    for line, flag, said in said_defaults(markdown):
        if flag in flags and not agree(said, defaults.get(flag, "")):
            yield f"{page}:{line}: {flag}: the default is {defaults.get(flag) or 'none'}, not {said}"
    for usage in re.findall(r"^(?:Usage:|      ) (appctl .*?)(?:  +.*)?$", help_text, re.M):
        if usage not in markdown:
            yield f"{page}:1: the usage `{usage}` is missing"


def check_names(page: str, markdown: str, flags: set):
    """Flags in code, in line and in blocks, where it is code of these programs."""
    code = re.compile(r"`((?:--|appd |appctl )[^`]*)`|^\$ (.*\b(?:appd|appctl|upper)\b .*)$", re.M)
    for match in code.finditer(markdown):
        text = re.split(r" -- |&&", match[1] or match[2])[0]
        if re.match(r"(scripts/|cmake )", text):
            continue
        for flag in FLAG.findall(text):
            if flag not in flags and flag not in NO_FLAGS:
                yield f"{page}:{markdown.count(chr(10), 0, match.start()) + 1}: no program has {flag}"


def output_of(command: list) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("APPD", "APPCTL"))}
    return subprocess.run(command, stdout=subprocess.PIPE, env=kept, timeout=60, check=True).stdout.decode()


def main(arguments) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--root", type=pathlib.Path, default=ROOT)
    options = parser.parse_args(arguments)
    texts = {name: (options.root / name).read_text("utf-8") for name in PAGES}
    flags = flags_of(output_of([options.bin / "appd", "--help"]))
    defaults = configured(output_of([options.bin / "appd", "--print-config"]))
    appctl_help = output_of([options.bin / "appctl", "--help"])
    wrong = [*check_appd("docs/operations.md", texts["docs/operations.md"], flags, defaults, whole=True),
             *check_appd("docs/protocol.md", texts["docs/protocol.md"], flags, defaults, whole=False),
             *check_appctl("docs/appctl.md", texts["docs/appctl.md"], appctl_help)]
    for name in PAGES:
        wrong += check_names(name, texts[name], {*flags, *flags_of(appctl_help)})
    print(*wrong, sep="\n", end="\n" if wrong else "")
    print(f"{len(flags)} flags of appd, {len(flags_of(appctl_help))} of appctl, {len(defaults)} defaults")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
