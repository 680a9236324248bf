#!/usr/bin/env python3
"""Shows a header to Doxygen with its plain comments as documentation, each line as it stands."""

import html
import pathlib
import re
import sys

# A specialisation of a template of the standard library is nothing that Doxygen has a place for.
STANDARD = re.compile(r"^template <>\nstruct std::[^;]*;", re.M)
COMMENT = re.compile(r"^(\s*)// ?(.*)$")


def shown(line: str) -> str:
    match = COMMENT.match(line)
    if not match:
        return line
    text = html.escape(match[2], quote=False)
    text = re.sub(r"([\\@#$%])", r"\\\1", text)
    return f"{match[1]}/// {text}"


if __name__ == "__main__":
    source = STANDARD.sub("\n", pathlib.Path(sys.argv[1]).read_text("utf-8"))
    print("\n".join(map(shown, source.split("\n"))), end="")
