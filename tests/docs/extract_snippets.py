#!/usr/bin/env python3
"""Makes one source of all blocks of C++ in a Markdown file, each in a namespace of its own.

  extract_snippets.py FILE.md OUTPUT.cc
"""

import pathlib
import re
import sys


def source_of(markdown: str, name: str) -> str:
    includes, bodies = set(), []
    for match in re.finditer(r"^```cpp\n(.*?)^```$", markdown, re.M | re.S):
        line = markdown.count("\n", 0, match.start()) + 2
        body = re.sub(r"^#include.*$", lambda m: includes.add(m[0]) or "", match[1], flags=re.M)
        bodies.append(f'namespace snippet_{line} {{\n#line {line} "{name}"\n{body}}}\n')
    if not bodies:
        sys.exit(f"{name}: no block of C++")
    return "\n".join(sorted(includes)) + "\n\n" + "\n".join(bodies)


if __name__ == "__main__":
    document, output = map(pathlib.Path, sys.argv[1:])
    output.write_text(source_of(document.read_text("utf-8"), document.as_posix()), "utf-8")
