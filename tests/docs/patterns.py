"""What differs between two runs of the same command, and how what is printed is compared with what a page shows."""

import re
from typing import NamedTuple


class Pattern(NamedTuple):
    found: str
    instead: str
    lines: str = ""  # the beginnings of the lines that it is about


# `varies NAME`: what of a line is taken for equal, by as narrow a pattern as possible.
PATTERNS = {
    "time": Pattern(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", "TIME"),
    "port": Pattern(r"(127\.0\.0\.1|\[::1\]):\d+", r"\1:PORT"),
    "connection": Pattern(r"(connection=|\"connection\": )\d+", r"\1N"),
    "seconds": Pattern(r"(seconds: )\d+\.\d+", r"\1S"),
    # And of its JSON.
    "figures": Pattern(r'("(?!errors|wrong_replies|broken|timeouts)\w+": )(\d[\d.e+-]*|true|false)', r"\1FIGURE"),
    "load": Pattern(r"(?<=[ p])\d+(\.\d+)?(?=[ ,]|$)", "NUMBER", "requests |latency |engine "),
}


def normal(lines: list, varies: list) -> list:
    """The lines without what varies."""
    for name in varies:
        pattern = PATTERNS[name]
        lines = [re.sub(pattern.found, pattern.instead, line) if re.match(pattern.lines, line) else line
                 for line in lines]
    return lines


def first_difference(expected: list, seen: list, excerpt: bool):
    """(index in expected, index in seen) of the first line that differs, or None. With `excerpt` a line
    `...` stands for any number of lines; the lines between two of these stand together."""
    if not excerpt:
        for index in range(max(len(expected), len(seen))):
            if expected[index:index + 1] != seen[index:index + 1]:
                return index, index
        return None
    pieces, start = [], 0
    for index, line in enumerate([*expected, "..."]):
        if line == "...":
            pieces.append((start, expected[start:index]))
            start = index + 1
    at = 0
    for number, (start, piece) in enumerate(pieces):
        first, last = number == 0, number == len(pieces) - 1
        places = [at] if first else range(at, len(seen) - len(piece) + 1)
        if last and not first:
            places = [len(seen) - len(piece)] if len(seen) - len(piece) >= at else []
        place = next((p for p in places if seen[p:p + len(piece)] == piece), None)
        if place is None or (first and last and len(seen) != len(piece)):
            return best_place(start, piece, seen, at)
        at = place + len(piece)
    return None


def best_place(start: int, piece: list, seen: list, at: int):
    """Where the piece comes furthest: its first line that is nowhere behind."""
    best = (0, at)
    for place in range(at, len(seen) + 1):
        same = 0
        while same < len(piece) and seen[place + same:place + same + 1] == [piece[same]]:
            same += 1
        if same > best[0]:
            best = (same, place)
    return start + best[0], best[1] + best[0]


def missing_line(expected: list, seen: list):
    """The index of the first expected line that is not among those seen (each counts once), or None."""
    rest = list(seen)
    for index, line in enumerate(expected):
        if line not in rest:
            return index
        rest.remove(line)
    return None
