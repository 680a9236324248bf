"""scripts/check: each rule finds its breach, with file and line, and lets the right way pass."""

import contextlib
import importlib.machinery
import importlib.util
import io
import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "check"


def load():
    sys.dont_write_bytecode = True
    loader = importlib.machinery.SourceFileLoader("check", str(SCRIPT))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("check", loader))
    loader.exec_module(module)
    return module


check = load()
MARK = "TO" + "DO"


class RuleTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.root = pathlib.Path(temporary.name)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")

    def found(self, rule):
        return [(f.file, f.line) for f in check.RULES[rule](check.Tree(self.root))]

    def assert_finds(self, rule, *places):
        self.assertEqual(self.found(rule), list(places))

    def assert_clean(self, rule):
        self.assertEqual(self.found(rule), [])

    # Layers.

    def test_a_lower_layer_must_not_include_a_higher_one(self):
        for lower, higher in [("reactor", "protocol"), ("protocol", "handlers"), ("handlers", "servers"),
                              ("reactor", "clients"), ("servers", "clients")]:
            self.write(f"{lower}/x.h", f'#pragma once\n#include "appd/{higher}/y.h"\n')
            with self.subTest(lower=lower, higher=higher):
                self.assertIn((f"{lower}/x.h", 2), self.found("layers"))

    def test_clients_know_neither_servers_nor_handlers(self):
        self.write("clients/x.cc", '#include "appd/handlers/registry.h"\n#include "appd/servers/app.h"\n')
        self.assert_finds("layers", ("clients/x.cc", 1), ("clients/x.cc", 2))

    def test_includes_that_point_downwards_pass(self):
        self.write("servers/x.cc", '#include "appd/handlers/a.h"\n#include "appd/protocol/b.h"\n#include "appd/reactor/c.h"\n')
        self.write("clients/x.cc", '#include "appd/protocol/b.h"\n#include <vector>\n')
        self.write("reactor/sim/x.cc", '#include "appd/reactor/poller.h"\n#include "appd/reactor/sim/world.h"\n')
        self.assert_clean("layers")

    def test_the_reactor_does_not_know_the_simulated_world(self):
        self.write("reactor/x.h", '#include "appd/reactor/sim/world.h"\n')
        self.assert_finds("layers", ("reactor/x.h", 1))

    def test_only_tests_and_programs_enter_the_rooms_made_for_them(self):
        self.write("servers/x.cc", '#include "appd/reactor/sim/world.h"\n')
        self.write("testkit/x.cc", '#include "appd/reactor/sim/world.h"\n#include "appd/clients/appctl/console.h"\n')
        self.write("programs/x.cc", '#include "appd/clients/appctl/console.h"\n')
        self.assert_finds("layers", ("servers/x.cc", 1), ("testkit/x.cc", 2))

    def test_a_room_that_is_a_library_of_its_own_stands_on_more_than_its_layer(self):
        self.write("clients/x.cc", '#include "appd/options/option_table.h"\n')
        self.write("clients/appctl/x.cc", '#include "appd/options/option_table.h"\n#include "appd/logging/log.h"\n')
        self.assert_finds("layers", ("clients/appctl/x.cc", 2), ("clients/x.cc", 1))

    def test_a_room_includes_of_its_layer_what_stands_below_it(self):
        self.write("reactor/memory/x.h", '#include "appd/reactor/check.h"\n#include "appd/reactor/connection/connection.h"\n')
        self.write("servers/calls/x.h", '#include "appd/servers/limits.h"\n')
        self.assert_finds("layers", ("reactor/memory/x.h", 2))

    def test_the_public_headers_and_the_test_kit_are_layers_too(self):
        self.write("include/appd/app.h", '#include "appd/daemon/app.h"\n')
        self.write("servers/x.cc", '#include "appd/app.h"\n')
        self.write("testkit/x.h", '#include "appd/outgoing/client_calls.h"\n')
        self.assert_finds("layers", ("servers/x.cc", 1), ("testkit/x.h", 1))

    def test_a_room_has_sixteen_names(self):
        for number in range(16):
            self.write(f"servers/name{number}.h", "#pragma once\n")
            self.write(f"servers/name{number}.cc", f'#include "appd/servers/name{number}.h"\n')
        self.write("servers/name0_posix.cc", '#include "appd/servers/name0.h"\n')
        self.write("servers/CMakeLists.txt", "")
        self.assert_clean("rooms")
        self.write("servers/name16.h", "#pragma once\n")
        self.assert_finds("rooms", ("servers", 1))

    def test_a_planted_bug_still_applies(self):
        folder = check.folder_of(check.PLANTER)
        self.write(check.PLANTER, (SCRIPT.parents[1] / check.PLANTER).read_text("utf-8"))
        self.write("reactor/x.cc", "int one = 1;\nint two = 2;\n")
        self.write(f"{folder}/bug.patch", "--- a/reactor/x.cc\n+++ b/reactor/x.cc\n@@ -1,2 +1,3 @@\n int one = 1;\n"
                                          "+int planted = 0;\n int two = 2;\n")
        self.assert_clean("planted")
        self.write("reactor/x.cc", "int one = 1;\nint three = 3;\n")
        self.assert_finds("planted", (f"{folder}/bug.patch", 1))

    def test_a_codec_includes_values_of_the_reactor_but_no_loop_and_no_socket(self):
        self.write("protocol/x.h", '#include "appd/reactor/result.h"\n#include "appd/reactor/event_loop.h"\n'
                                   "#include <sys/socket.h>\n#include <string>\n")
        self.assert_finds("layers", ("protocol/x.h", 2), ("protocol/x.h", 3))

    def test_the_projects_own_headers_are_included_with_its_name_in_front(self):
        self.write("servers/x.cc", '#include "appd/servers/x.h"\n#include "handlers/a.h"\n#include "tests/reactor/b.h"\n')
        self.write("tests/servers/x.cc", "#include <protocol/a.h>\n")
        self.assert_finds("own-prefix", ("servers/x.cc", 2), ("tests/servers/x.cc", 1))

    def test_tests_may_include_anything(self):
        self.write("tests/reactor/x.cc", '#include "appd/servers/app.h"\n')
        self.assert_clean("layers")

    def test_a_library_is_included_behind_its_door_only(self):
        self.write("protocol/text/json.cc", "#include <rapidjson/reader.h>\n")
        self.write("logging/log.cc", "#include <spdlog/spdlog.h>\n")
        self.write("handlers/echo.cc", "\n#include <rapidjson/document.h>\n")
        self.write("servers/server.cc", "#include <spdlog/spdlog.h>\n")
        self.assert_finds("doors", ("handlers/echo.cc", 2), ("servers/server.cc", 1))

    def test_a_source_includes_its_own_header_first(self):
        self.write("reactor/buffer.h", "")
        self.write("reactor/buffer.cc", '// Why.\n#include <vector>\n#include "appd/reactor/buffer.h"\n')
        self.assert_finds("own-header-first", ("reactor/buffer.cc", 2))
        self.write("reactor/buffer.cc", '// Why.\n#include "appd/reactor/buffer.h"\n\n#include <vector>\n')
        self.assert_clean("own-header-first")

    def test_a_source_without_a_header_may_begin_with_any(self):
        self.write("servers/appd_main.cc", '#include <cstdlib>\n')
        self.assert_clean("own-header-first")

    # Lengths.

    def test_a_header_has_200_lines_and_a_source_500(self):
        self.write("reactor/a.h", "\n" * 200)
        self.write("reactor/b.h", "\n" * 201)
        self.write("tests/a.cc", "\n" * 500)
        self.write("tests/b.cc", "\n" * 501)
        self.assert_finds("file-length", ("reactor/b.h", 201), ("tests/b.cc", 501))

    def test_a_function_has_70_lines(self):
        body = "  x();\n"
        self.write("reactor/a.cc", "namespace n {\nvoid f() {\n" + body * 68 + "}\n}\n")
        self.assert_clean("function-length")
        self.write("reactor/a.cc", "namespace n {\nvoid f() {\n" + body * 69 + "}\n}\n")
        self.assert_finds("function-length", ("reactor/a.cc", 2))

    def test_members_templates_and_constructors_with_braces_are_measured(self):
        long_body = "  x();\n" * 70
        for head in ["int C::f() const noexcept {", "template <class T>\nauto f(T t) -> int {",
                     "C::C(int a) : a_{a} {", "template <class T> struct S { void f() {",
                     'TEST_CASE("a claim") {', "auto f = [](int x) {", "struct sigaction f() {",
                     "int f() try {"]:
            self.write("reactor/a.cc", head + "\n" + long_body + "}" * head.count("{") + "\n")
            with self.subTest(head=head):
                self.assertEqual(len(self.found("function-length")), 1)

    def test_long_types_namespaces_and_tables_are_no_functions(self):
        line = "  int x = 0;\n"
        for head in ["namespace a::b {", "class C final : private B<int> {", "struct S {",
                     "enum class E : unsigned {", 'extern "C" {', "template <class T = int>\nclass C {",
                     "constexpr int kTable[] = {"]:
            self.write("reactor/a.cc", head + "\n" + line * 100 + "};\n")
            with self.subTest(head=head):
                self.assert_clean("function-length")

    def test_braces_in_literals_comments_and_macros_are_not_code(self):
        self.write("reactor/a.cc", "// {\n/* { */\n#define OPEN {  \\\n  {\nvoid f() {\n"
                                   '  g("{", \'{\', 1\'000, R"({)", "\\"{");\n}\n' + "int y;\n" * 80)
        self.assert_clean("function-length")

    # Text.

    def test_markers_are_found_in_code_scripts_and_build_files(self):
        self.write("reactor/a.cc", f"int x;\n// {MARK}: later\n")
        self.write("scripts/tool", f"#!/bin/sh\n# {MARK}\n")
        self.write("CMakeLists.txt", f"# {MARK}\n")
        self.write("docs/a.md", f"{MARK} may be spoken of here\n")
        self.write("reactor/b.cc", f'// {MARK}UBLE and mkstemp("XX' + 'XXXX")\n')
        self.assert_finds("markers", ("CMakeLists.txt", 1), ("reactor/a.cc", 2), ("scripts/tool", 2))

    def test_a_system_is_asked_for_only_in_its_sibling_files(self):
        text = "#pragma once\n  # ifdef __linux__\n#endif\n"
        self.write("reactor/clock.cc", text)
        self.write("reactor/poller_kqueue.cc", text)
        self.write("reactor/network_posix.cc", text)
        self.write("reactor/any.h", "#if defined(NDEBUG)\n#endif\n")
        self.assert_finds("system-ifs", ("reactor/clock.cc", 2))

    def test_every_source_is_listed_by_the_nearest_cmakelists(self):
        self.write("reactor/CMakeLists.txt", "appd_layer(reactor SOURCES a.cc poller_${APPD_POLLER}.cc)\n# b.cc\n")
        for name in ["a", "b", "poller_epoll", "poller_kqueue", "sim/c", "a_b"]:
            self.write(f"reactor/{name}.cc", "")
        self.assert_finds("listed", ("reactor/a_b.cc", 1), ("reactor/b.cc", 1), ("reactor/sim/c.cc", 1))

    def test_a_source_may_be_listed_by_its_stem(self):
        self.write("handlers/CMakeLists.txt", "set(ACTIONS search double)\n")
        self.write("handlers/search.cc", "")
        self.assert_clean("listed")

    def test_every_page_has_a_test_that_runs_it(self):
        self.write("tests/docs/CMakeLists.txt", "appd_page_test(docs/a.md NOT_RUN 0)\n")
        self.write("docs/a.md", "")
        self.write("docs/b.md", "")
        self.write("a.md", "")
        self.assert_finds("pages", ("a.md", 1), ("docs/b.md", 1))

    def test_links_are_found_in_a_folder_that_git_ignores(self):
        subprocess.run(["git", "init", "--quiet", self.root], check=True)
        self.write(".gitignore", "/out/\n")
        self.write("out/a.md", "[gone](b.md)\n")
        self.root = self.root / "out"
        self.assert_finds("links", ("a.md", 1))

    def test_relative_links_and_their_headings_exist(self):
        self.write("docs/a.md", "# One thing: `x`\n[ok](b.md) [ok](#one-thing-x) [web](https://example.org/)\n"
                                "[gone](c.md)\n```\n[code](c.md)\n```\n[gone](b.md#three)\n[ok](b.md#two)\n")
        self.write("docs/b.md", "## Two\n[up](../README.md)\n")
        self.assert_finds("links", ("docs/a.md", 3), ("docs/a.md", 7), ("docs/b.md", 2))

    def test_documents_and_sections_that_comments_name_exist(self):
        self.write("docs/a.md", "# A\n## 2. Two\n### 2.1 More\n")
        self.write("reactor/a.h", "// docs/a.md 2, docs/a.md, docs/a.md 2.1.\n// docs/b.md\n// (docs/a.md, 3)\n")
        self.assert_finds("references", ("reactor/a.h", 2), ("reactor/a.h", 3))

    @unittest.skipUnless(check.tool("clang-format", check.CLANG_FORMAT_VERSION), "needs clang-format")
    def test_a_source_that_clang_format_would_change_is_found_once(self):
        self.write(".clang-format", "BasedOnStyle: Google\n")
        self.write("reactor/a.cc", "int  x ;\nint  y ;\n")
        self.write("reactor/b.cc", "int x;\n")
        self.assert_finds("formatted", ("reactor/a.cc", 1))

    # The program.

    def run_program(self, *arguments):
        output = io.StringIO()
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(io.StringIO()):
            code = check.main(["--root", str(self.root), *arguments])
        return code, output.getvalue()

    def test_findings_are_printed_one_a_line_and_fail(self):
        self.write("reactor/a.h", "\n// " + MARK + "\n")
        code, output = self.run_program()
        self.assertEqual(code, 1)
        self.assertRegex(output, rf"^reactor/a\.h:2: markers: {MARK}: .+\n$")

    def test_only_the_rules_asked_for_run(self):
        self.write("reactor/a.h", "// " + MARK + "\n")
        self.assertEqual(self.run_program("layers"), (0, ""))
        self.assertEqual(self.run_program("layers", "markers")[0], 1)

    def test_a_rule_that_does_not_exist_is_wrong_usage(self):
        with self.assertRaises(SystemExit) as stopped:
            self.run_program("colour")
        self.assertEqual(stopped.exception.code, 2)


if __name__ == "__main__":
    unittest.main()
