"""option_tables.py: a flag or a default that a page has wrong is found."""

import sys
import unittest

sys.dont_write_bytecode = True

import option_tables as tables  # noqa: E402  pylint: disable=wrong-import-position

HELP = """Usage: appctl [options] ACTION
       appctl resolve HOST             (names)

Options:
  --threads N                     Reactors; default: one a core [2]
  --max-content SIZE              Largest content [16MiB]
  --log-file FILE                 Append there
  --idle-timeout TIME             Between messages
                                  of a connection [1m]
  --repeat N:UINT in [1 - 9]=1    Requests
  -h,--help                       Print this
"""
CONFIG = """threads = 2  # default
max-content = "16MiB"  # default
log-file = ""  # default
idle-timeout = "1m"  # default
listen = ["app://127.0.0.1:1"]  # default
"""
FLAGS = tables.flags_of(HELP)
DEFAULTS = tables.configured(CONFIG)


class OptionTablesTest(unittest.TestCase):
    def appd(self, *rows, whole=False):
        return list(tables.check_appd("p.md", "\n".join(rows), FLAGS, DEFAULTS, whole))

    def test_help_and_configuration_are_read(self):
        self.assertEqual(list(FLAGS), ["--threads", "--max-content", "--log-file", "--idle-timeout", "--repeat", "--help"])
        self.assertEqual(DEFAULTS["--listen"], "app://127.0.0.1:1")
        self.assertEqual(tables.appctl_defaults(FLAGS)["--repeat"], "1")

    def test_defaults_agree_in_any_unit_and_in_words(self):
        self.assertEqual(self.appd("| flag | default |", "|---|---|", "| `--max-content SIZE` | `16MiB` |",
                                   "| `--max-content` | 16 MiB of content |", "| `--idle-timeout` | 60 s between |",
                                   "| `--threads N` | one a core |", "| `--log-file` | standard error |"), [])

    def test_another_default_is_found(self):
        for row in ("| `--max-content` | `8MiB` |", "| `--max-content` | 16 KiB |", "| `--idle-timeout` | 60 ms |",
                    "| `--log-file` | `x.log` |", "| `--max-content` | off |"):
            with self.subTest(row=row):
                found = self.appd("text", row)
                self.assertEqual(len(found), 1, found)
                self.assertTrue(found[0].startswith("p.md:2: --"), found)

    def test_a_flag_without_a_row_is_found(self):
        rows = [f"| `{flag}` | |" for flag in FLAGS if flag not in ("--help", "--repeat")]
        self.assertEqual([f for f in self.appd(*rows, whole=True) if "no table" in f],
                         ["p.md:1: no table has a row for --repeat", "p.md:1: no table has a row for --help"])

    def test_a_flag_that_no_program_has_is_found(self):
        for text in ("`--nosuch 1`", "`appd --nosuch`", "$ appctl --nosuch x"):
            with self.subTest(text=text):
                self.assertEqual(list(tables.check_names("p.md", "a\n" + text, set(FLAGS))),
                                 ["p.md:2: no program has --nosuch"])
        for text in ("`cmake --build x`", "`appctl echo -- --trace`", "`--threads 2`", "--nosuch in a sentence"):
            with self.subTest(text=text):
                self.assertEqual(list(tables.check_names("p.md", text, set(FLAGS))), [])

    def test_what_is_said_of_appctl_is_compared(self):
        right = ("appctl [options] ACTION\nappctl resolve HOST\n`--threads N` `--max-content B` (16 MiB) `--log-file` "
                 "`--idle-timeout` `appctl --help`\n| `--repeat N`, `--threads N` | times (1), loops (2) |\n")
        self.assertEqual(list(tables.check_appctl("p.md", right, HELP)), [])
        for old, new, place in [("(1)", "(7)", 4), ("(16 MiB)", "(1 MiB)", 3), ("--log-file", "--log-files", 1),
                                ("resolve HOST", "resolve", 1)]:
            with self.subTest(new=new):
                found = list(tables.check_appctl("p.md", right.replace(old, new), HELP))
                self.assertEqual([f.split(":")[1] for f in found], [str(place)], found)


if __name__ == "__main__":
    unittest.main()
