"""The arithmetic of scripts/bench and scripts/instructions: what is compared with what."""
import argparse
import contextlib
import importlib.machinery
import importlib.util
import io
import sys
import tempfile
import unittest
import unittest.mock
import xml.dom.minidom
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER))

import processes  # noqa: E402
import report  # noqa: E402
import rows  # noqa: E402
import scale  # noqa: E402
import scale_report  # noqa: E402
import scaling  # noqa: E402
import targets  # noqa: E402


def load_script(name):
    path = FOLDER.parent.parent / "scripts" / name
    loader = importlib.machinery.SourceFileLoader(name, str(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


def one_round(cpu, p99=100.0):
    return {"rps": 1000.0, "server_cpu_us": cpu, "p50_us": 10.0, "p99_us": p99, "engine_busy": 0.5,
            "engine_was_bottleneck": False}


ROW = rows.Row("name", "A <title>", "app", [], [], ["bare_epoll", "appd"])
CELLS = {"bare_epoll": [one_round(4.0), one_round(2.0)], "appd": [one_round(9.0), one_round(3.0), one_round(5.0)]}


class Report(unittest.TestCase):
    def test_the_ratio_is_best_to_best_and_the_figure_a_median(self):
        floor, appd = report.summary(ROW, CELLS)["servers"]
        self.assertEqual(floor["ratio"], 1.0)
        self.assertEqual(appd["ratio"], 1.5)
        self.assertEqual(appd["server_cpu_us"], 5.0)

    def test_an_open_loop_is_compared_by_its_99th_percentile(self):
        row = rows.Row("name", "title", "app", [], [], ["bare_epoll", "appd"], open_loop=True)
        cells = {"bare_epoll": [one_round(1.0, 50.0)], "appd": [one_round(1.0, 200.0)]}
        self.assertEqual(report.summary(row, cells)["servers"][1]["ratio"], 4.0)

    def test_a_server_that_is_not_there_has_no_line(self):
        summed = report.summary(ROW, {"bare_epoll": CELLS["bare_epoll"]})
        self.assertEqual([entry["server"] for entry in summed["servers"]], ["bare_epoll"])

    def test_medians_are_compared_with_medians(self):
        self.assertEqual(report.summary(ROW, CELLS)["servers"][1]["median_ratio"], 5.0 / 3.0)

    def test_each_row_with_a_target_says_whether_it_was_reached(self):
        row = rows.Row("raw_64", "raw", "raw-echo", [], [], ["bare_epoll", "appd"])
        results = {"rows": [report.summary(row, CELLS)], "idle_bytes": {"appd": 1.0}, "sharing": {"search": 0, "one_shot": 1}}
        self.assertEqual([line[0:2] + line[-1:] for line in report.target_lines(results)],
                         [["raw", "1.50", "**no**"], ["memory of an idle connection", "1 bytes", "yes"],
                          ["contended cache lines, search", "0", "yes"]])

    def test_every_target_is_of_a_row_that_there_is(self):
        self.assertLessEqual(set(targets.ROWS), {row.name for row in rows.ROWS})

    def test_the_comparison_has_a_column_a_server(self):
        table = report.comparison_table([report.summary(ROW, CELLS)])
        self.assertEqual(table[0], "| row | bare_epoll | appd |")
        self.assertEqual(table[2], "| A <title> | 1.00 (1.00) | 1.50 (1.67) |")

    def test_plots_are_well_formed(self):
        row = rows.Row("three", "A <title>", "app", [], [], ["bare_epoll", "appd", "redis"])
        cells = {**CELLS, "redis": [one_round(7.0)]}
        with tempfile.TemporaryDirectory() as folder:
            report.write_plots(Path(folder), [report.summary(row, cells)])
            xml.dom.minidom.parse(str(Path(folder) / "three.svg"))

    def test_two_are_not_plotted(self):
        with tempfile.TemporaryDirectory() as folder:
            report.write_plots(Path(folder), [report.summary(ROW, CELLS)])
            self.assertEqual(list(Path(folder).iterdir()), [])

    def test_the_document_keeps_what_is_around_the_results(self):
        results = {"machine": report.machine(), "compiler": "c++", "rounds": 1, "window_s": 1,
                   "rows": [report.summary(ROW, CELLS)], "idle_bytes": {"appd": 500.0}}
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "document.md"
            path.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nbehind\n")
            report.write_document(path, results)
            report.write_document(path, results)
            text = path.read_text()
        self.assertTrue(text.startswith("before\n") and text.endswith("behind\n"))
        self.assertNotIn("old", text)
        self.assertEqual(text.count("### A <title>"), 1)


class Scaling(unittest.TestCase):
    def test_windows_of_two_loads_of_one_server_are_the_same_time(self):
        one = {"server_cpu_us": 2.0, "requests": 100}  # 200 us of the server, as the other load saw them, too
        self.assertEqual(scaling.cpu_us([one, one], ["a", "a"]), 1.0)

    def test_the_times_of_two_servers_are_added(self):
        one = {"server_cpu_us": 2.0, "requests": 100}
        self.assertEqual(scaling.cpu_us([one, one], ["a", "b"]), 2.0)

    def test_two_loops_are_compared_with_each_other_configuration(self):
        cells = {name: [{"server_cpu_us": cpu, "rps": 1.0}, {"server_cpu_us": 2 * cpu, "rps": 1.0}]
                 for name, cpu in (("one loop", 4.0), ("two loops", 5.0), ("two processes", 2.5))}
        ratio = scaling.summary(ROW, cells)["ratio"]
        self.assertEqual(ratio["one loop"], {"best": 1.25, "median": 1.25})
        self.assertEqual(ratio["two processes"]["best"], 2.0)


class Estimate(unittest.TestCase):
    def test_every_server_of_every_row_counts_in_every_round(self):
        script = load_script("bench")
        arguments = argparse.Namespace(rounds=10, window=0.4, warmup=0.0)
        bench = unittest.mock.Mock(has=lambda name: name in ("bare_epoll", "appd"))
        self.assertAlmostEqual(script.estimate(arguments, ["raw_64"], bench), 2 * 10 * (0.4 + script.OVERHEAD_SECONDS))


HELD = scale.Held(connections=1000, processes=2, hold_s=5, open_s=1, idle_cpu=0.02, sockets=2000, answer_s=0.5,
                  user_bytes=500, kernel_bytes=5000, available_bytes=11000, left_bytes=0)
CHURNED = scale.Churned(connections=10, seconds=1, errors=0, first_bytes=1000, warm_bytes=2000, last_bytes=70000,
                        descriptors_before=9, descriptors_after=9)


class Scale(unittest.TestCase):
    def test_connections_are_spread_evenly_over_as_few_processes_as_can_hold_them(self):
        self.assertEqual(scale.shares(10, 10), [10])
        self.assertEqual(scale.shares(11, 5), [4, 4, 3])

    def test_what_a_million_needs_grows_with_what_one_took(self):
        want = scale.needs(1_000_000, HELD)
        self.assertEqual(want.total_bytes, 5_500_000_000)
        self.assertGreaterEqual(want.client_addresses * want.ports, 1_000_000)
        self.assertGreaterEqual(want.processes * scale.most_per_process(), 1_000_000)

    def test_each_figure_says_whether_its_target_was_reached(self):
        text = scale_report.section({"held": [(HELD, targets.at_least(1000))], "churned": (CHURNED, targets.at_least(10))})
        self.assertRegex(text, r"1,000 \| at least 1,000 \| yes")
        self.assertRegex(text, r"2\.000 % of a core \| at most 1\.000 % of a core \| \*\*no\*\*")
        self.assertRegex(text, r"68,000 bytes \| at most 65,536 bytes \| \*\*no\*\*")

    def test_more_connections_than_memory_are_refused_before_anything_is_opened(self):
        with self.assertRaises(processes.BenchError):
            scale.check_limits(10**12)


class Instructions(unittest.TestCase):
    def setUp(self):
        self.script = load_script("instructions")

    def verdict(self, baseline, now):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            good = self.script.compare(baseline, now)
        return good, out.getvalue()

    def test_three_percent_up_is_still_good(self):
        self.assertTrue(self.verdict({"a": 1000}, {"a": 1030})[0])

    def test_more_than_three_percent_up_fails_and_says_which(self):
        good, told = self.verdict({"a": 1000, "b": 1000}, {"a": 1031, "b": 1000})
        self.assertFalse(good)
        self.assertRegex(told, "a: 1,031 .*FAILED")

    def test_fewer_instructions_are_good_and_ask_for_a_new_baseline(self):
        good, told = self.verdict({"a": 1000}, {"a": 900})
        self.assertTrue(good)
        self.assertIn("--update", told)

    def test_a_case_without_a_baseline_fails(self):
        self.assertFalse(self.verdict({}, {"a": 1})[0])


if __name__ == "__main__":
    unittest.main()
