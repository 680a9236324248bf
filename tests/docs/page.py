"""A Markdown page as a test sees it: its blocks, in order, and what stands in HTML comments for the test.

A block is `console` (commands behind `$ `, each with what it prints), or says what else it is. A comment
`<!-- test: CLAUSE; CLAUSE -->` in front of a block says what a reader knows from the text:

  serves             the block's command goes on, in a terminal of its own, until the page's end or `stop`
  log of NAME        no commands: lines that the server whose command has NAME in it has printed, in any order
  excerpt            a line `...` stands for any number of lines
  varies NAME, ...   what differs from run to run (patterns.py); everything else does not
  may print REGEX    a whole line that a machine prints and another does not
  exits N, ...       exit codes of the block's last commands; 0 unless said
  file NAME          the block is the file NAME, which later commands use
  from PATH          the block's lines stand in this order in a file of the repository
  wire ADDRESS       lines `request BYTES` and `reply BYTES`: what is sent there, and all that comes back
  not run: REASON    nobody runs it; the test says how many of these a page has

Two comments stand alone: `<!-- test: start COMMAND -->`, a server that the text takes for granted, and
`<!-- test: stop -->`, which ends all servers of the page.
"""

import re
from typing import NamedTuple

# Blocks that are neither commands nor what they print.
OTHER_LANGUAGES = ("text", "mermaid")
# Blocks that say by a clause where they come from.
FILE_LANGUAGES = ("toml", "ini", "cmake", "json", "cpp", "python")
CLAUSES = ("serves", "log of", "excerpt", "varies", "may print", "exits", "file", "from", "wire", "not run:",
           "start", "stop")
ALONE = ("start", "stop")


class PageError(Exception):
    """The page does not keep to the convention; str() is `line: what to do`."""

    def __init__(self, line: int, text: str):
        super().__init__(f"{line}: {text}")


class Block(NamedTuple):
    line: int  # of its first line of content; of the comment where it stands alone
    language: str
    clauses: dict  # clause -> what is behind it
    lines: list  # the content

    def has(self, clause: str) -> bool:
        return clause in self.clauses


class Command(NamedTuple):
    line: int
    text: str  # may have several lines
    printed: list  # what the page says that it prints
    printed_line: int


def parse_clauses(text: str, line: int) -> dict:
    clauses = {}
    # A reason is the rest, whatever is in it.
    text, not_run, reason = text.partition("not run:")
    for part in filter(None, (p.strip() for p in [*text.split(";"), not_run + reason])):
        name = next((c for c in sorted(CLAUSES, key=len, reverse=True)
                     if part == c or part.startswith(c + ("" if c.endswith(":") else " "))), None)
        if name is None:
            raise PageError(line, f"no clause is called so: {part}; there are: {', '.join(CLAUSES)}")
        if name in clauses:
            raise PageError(line, f"twice: {name}")
        clauses[name] = " ".join(part[len(name):].split())
        if name == "not run:" and not clauses[name]:
            raise PageError(line, "not run needs a reason")
    return clauses


def check_block(block: Block):
    shows_commands = any(text.startswith("$ ") for text in block.lines)
    if not block.language:
        raise PageError(block.line - 1, "a block without a language: console, or text where nothing in it is run")
    if block.language == "console":
        if block.has("log of") == shows_commands:
            raise PageError(block.line - 1, "console: either commands behind `$ `, or `log of` a server")
    elif block.language not in OTHER_LANGUAGES + FILE_LANGUAGES:
        raise PageError(block.line - 1, f"a block of {block.language}: say in page.py what that is")
    elif shows_commands:
        raise PageError(block.line - 1, f"commands in a block of {block.language}: call it console")


def parse(markdown: str) -> list:
    """The page's blocks, and comments that stand alone as blocks without lines."""
    blocks, lines = [], markdown.split("\n")
    pending, at = None, 0  # (line, clauses) of a comment that waits for its block
    while at < len(lines):
        line = lines[at]
        if line.lstrip().startswith("<!-- test:"):
            start, text = at, line
            while "-->" not in text:
                at += 1
                if at == len(lines):
                    raise PageError(start + 1, "a comment without an end")
                text += " " + lines[at]
            clauses = parse_clauses(re.search(r"<!-- test:(.*?)-->", text)[1], start + 1)
            if pending:
                raise PageError(pending[0], "there is no block behind this comment")
            if any(name in clauses for name in ALONE):
                blocks.append(Block(start + 1, "", clauses, []))
            else:
                pending = (start + 1, clauses)
        elif fence := re.match(r"( *)(```+|~~~+)\s*(\S*)", line):
            first = at + 1
            at = next((i for i in range(first, len(lines)) if lines[i].strip() == fence[2]), len(lines))
            if at == len(lines):
                raise PageError(first, "a block without an end")
            content = [text.removeprefix(fence[1]) for text in lines[first:at]]
            block = Block(first + 1, fence[3], pending[1] if pending else {}, content)
            check_block(block)
            blocks.append(block)
            pending = None
        elif line.strip() and pending:
            raise PageError(pending[0], "there is no block behind this comment")
        at += 1
    if pending:
        raise PageError(pending[0], "there is no block behind this comment")
    return blocks


def commands(block: Block) -> list:
    """The block's commands. A `\\` at a line's end goes on with the next one."""
    found, at = [], 0
    while at < len(block.lines):
        if not block.lines[at].startswith("$ "):
            raise PageError(block.line + at, "what is in front of the first command?")
        start, text = at, block.lines[at][2:]
        while text.endswith("\\") and at + 1 < len(block.lines):
            at += 1
            text += "\n" + block.lines[at]
        at += 1
        first_printed = at
        while at < len(block.lines) and not block.lines[at].startswith("$ "):
            at += 1
        found.append(Command(block.line + start, text, block.lines[first_printed:at], block.line + first_printed))
    return found
