"""Results as a table, as Markdown and as plots (a small SVG writer, no library)."""
import html
import os
import platform
import statistics
from pathlib import Path

import targets

BEGIN = "<!-- results: written by scripts/bench -->"
END = "<!-- end of results -->"
COLOURS = {"bare_epoll": "#9aa0a6", "appd": "#1a73e8"}
OTHER_COLOUR = "#f29900"


def median(rounds, key):
    return statistics.median(one[key] for one in rounds)


def summary(row, cells):
    """One entry a server: medians, and the ratios of its best round and of its median to the floor's."""
    key = "p99_us" if row.open_loop else "server_cpu_us"
    floor_name = row.servers[0]
    floor = min(one[key] for one in cells[floor_name])
    middle = median(cells[floor_name], key)
    entries = []
    for name in row.servers:
        if not cells.get(name):
            continue
        rounds = cells[name]
        entries.append({
            "server": name, "rounds": len(rounds), "rps": median(rounds, "rps"),
            "server_cpu_us": median(rounds, "server_cpu_us"), "best_cpu_us": min(one["server_cpu_us"] for one in rounds),
            "p50_us": median(rounds, "p50_us"), "p99_us": median(rounds, "p99_us"),
            "best_p99_us": min(one["p99_us"] for one in rounds),
            "ratio": min(one[key] for one in rounds) / floor, "median_ratio": median(rounds, key) / middle,
            "engine_busy": median(rounds, "engine_busy"),
            "engine_was_bottleneck": sum(one["engine_was_bottleneck"] for one in rounds),
        })
    return {"name": row.name, "title": row.title, "ratio_of": key, "servers": entries}


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


COLUMNS = [("server", lambda e: e["server"]), ("requests/s", lambda e: number(e["rps"])),
           ("CPU us/request", lambda e: f"{e['server_cpu_us']:.3f}"),
           ("best", lambda e: f"{e['best_cpu_us']:.3f}"),
           ("p50 us", lambda e: number(e["p50_us"])), ("p99 us", lambda e: number(e["p99_us"])),
           ("ratio", lambda e: f"{e['ratio']:.2f}"), ("of medians", lambda e: f"{e['median_ratio']:.2f}"),
           ("load busy", lambda e: f"{e['engine_busy']:.0%}" + ("*" if e["engine_was_bottleneck"] else ""))]


def markdown_table(header, lines):
    out = ["| " + " | ".join(header) + " |", "|---" * len(header) + "|"]
    return out + ["| " + " | ".join(line) + " |" for line in lines]


def row_table(summed):
    return markdown_table([title for title, _ in COLUMNS],
                          [[show(entry) for _, show in COLUMNS] for entry in summed["servers"]])


def plain_table(summed):
    lines = [[title for title, _ in COLUMNS]] + [[show(entry) for _, show in COLUMNS] for entry in summed["servers"]]
    widths = [max(len(line[i]) for line in lines) for i in range(len(COLUMNS))]
    return "\n".join("  " + "  ".join(text.rjust(width) if i else text.ljust(width)
                                      for i, (text, width) in enumerate(zip(line, widths))) for line in lines)


def bars_svg(title, unit, bars):
    """Horizontal bars: (label, value)."""
    left, width, height, top = 130, 640, 26, 44
    most = max(value for _, value in bars) or 1
    total = top + height * len(bars) + 12
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {total}" '
           f'font-family="sans-serif" font-size="13">',
           f'<rect width="{width}" height="{total}" fill="#ffffff"/>',
           f'<text x="10" y="24" font-weight="bold">{html.escape(title)}: {html.escape(unit)}</text>']
    for index, (label, value) in enumerate(bars):
        y = top + index * height
        length = max(1.0, value / most * (width - left - 90))
        colour = COLOURS.get(label, OTHER_COLOUR)
        out += [f'<text x="{left - 8}" y="{y + 14}" text-anchor="end">{html.escape(label)}</text>',
                f'<rect x="{left}" y="{y}" width="{length:.1f}" height="{height - 7}" fill="{colour}"/>',
                f'<text x="{left + length + 6:.1f}" y="{y + 14}">{number(value)}</text>']
    return "\n".join([*out, "</svg>", ""])


def is_plotted(summed):
    """Two are compared by a number."""
    return len(summed["servers"]) > 2


def write_plots(folder, summed_rows):
    folder.mkdir(parents=True, exist_ok=True)
    for summed in filter(is_plotted, summed_rows):
        open_loop = summed["ratio_of"] == "p99_us"
        key, unit = ("best_p99_us", "best p99, us") if open_loop else ("best_cpu_us", "CPU us a request, best round")
        bars = [(entry["server"], entry[key]) for entry in summed["servers"]]
        (folder / f"{summed['name']}.svg").write_text(bars_svg(summed["title"], unit, bars))


def machine():
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    return {"processor": model, "cores": os.cpu_count(), "kernel": platform.release(),
            "architecture": platform.machine(), "load_average": os.getloadavg()[0]}


def verdict(target, value):
    """Three cells: the value, the target, and whether it was reached."""
    return [target.show(value), str(target), "yes" if target.reached(value) else "**no**"]


def target_lines(results):
    """One line for each target that something was measured for: best, median, target, reached."""
    out = []
    for summed in results["rows"]:
        target, entry = targets.ROWS.get(summed["name"]), entry_of(summed, "appd")
        if target and entry:
            shown, limit, reached = verdict(target, entry["ratio"])
            out.append([summed["title"], shown, target.show(entry["median_ratio"]), limit, reached])
    for one in results.get("scaling", []):
        ratio = one["ratio"]["two processes"]
        shown, limit, reached = verdict(targets.SCALING, ratio["best"])
        out.append([f"{one['title']}: two loops to two processes", shown, targets.SCALING.show(ratio["median"]), limit, reached])
    for one in results.get("engine", []):
        shown, limit, reached = verdict(targets.ENGINE_RATIO, one["ratio"])
        out.append([f"{one['title']}: rate of appctl bench to epoll_load", shown, "", limit, reached])
    for one in results.get("generator", []):
        target = targets.ROWS[one["name"]]
        shown, limit, reached = verdict(target, one["ratio"])
        out.append([f"{one['title']}, driven by epoll_load", shown, target.show(one["median_ratio"]), limit, reached])
    if "flood" in results:
        shown, limit, reached = verdict(targets.FLOOD_RATIO, results["flood"]["ratio"])
        out.append([f"{results['flood']['title']}: their p99 beside one of depth 512, to alone", shown,
                    targets.FLOOD_RATIO.show(results["flood"]["median_ratio"]), limit, reached])
    if "pool" in results:
        pool = results["pool"]
        shown, limit, reached = verdict(targets.POOL_RATIO, pool["ratio"])
        out.append([f"{pool['callers']} threads that call through a pool of four connections: calls a second, to a client each "
                    f"({pool['rate']['pool']:,.0f} to {pool['rate']['clients']:,.0f})", shown,
                    targets.POOL_RATIO.show(pool["median_ratio"]), limit, reached])
    if "start" in results:
        shown, limit, reached = verdict(targets.START_MS, results["start"]["best_ms"])
        out.append(["start to the last ready line", shown, targets.START_MS.show(results["start"]["median_ms"]), limit,
                    reached])
    if "appd" in results.get("idle_bytes", {}):
        shown, limit, reached = verdict(targets.IDLE_BYTES, results["idle_bytes"]["appd"])
        out.append(["memory of an idle connection", shown, "", limit, reached])
    for case, count in (results.get("sharing") or {}).items():
        if case in targets.CONTENDED_CASES:
            shown, limit, reached = verdict(targets.CONTENDED_LINES, count)
            out.append([f"contended cache lines, {case}", shown, "", limit, reached])
    return out


def entry_of(summed, name):
    return next((entry for entry in summed["servers"] if entry["server"] == name), None)


def comparison_table(rows):
    """Every row and every server: the ratio to the floor, of best rounds and of medians."""
    names = list(dict.fromkeys(entry["server"] for summed in rows for entry in summed["servers"]))

    def cell(summed, name):
        entry = entry_of(summed, name)
        return f"{entry['ratio']:.2f} ({entry['median_ratio']:.2f})" if entry else ""

    return markdown_table(["row", *names], [[summed["title"], *(cell(summed, name) for name in names)] for summed in rows])


def scaling_part(results):
    out = ["### Two loops", "",
           "CPU time a request, best rounds and (medians), with four loads on the same two cores as the servers.",
           "`two processes` have one loop each and can share nothing.", ""]
    for one in results["scaling"]:
        out += [f"{one['title']}:", "", *markdown_table(
            ["servers", "requests/s", "CPU us/request", "two loops to it"],
            [[name, number(one["rps"][name]), f"{one['best_cpu_us'][name]:.3f} ({one['cpu_us'][name]:.3f})",
              "{best:.3f} ({median:.3f})".format(**one["ratio"][name]) if name in one["ratio"] else ""]
             for name in one["cpu_us"]]), ""]
    return out


def sharing_part(results):
    return ["### Cache lines that loops share", "",
            "That two loops touch at least once in a hundred requests, and one of them writes:", "",
            *markdown_table(["requests", "contended lines"],
                            [[case, str(count)] for case, count in results["sharing"].items()]), ""]


def results_section(results):
    where = results["machine"]
    out = [BEGIN, "",
           f"Measured on {where['cores']} cores of {where['processor']} ({where['architecture']}, Linux "
           f"{where['kernel']}), {results['compiler']}; load average at the start {where['load_average']:.2f}; "
           f"windows of {results['window_s']} s, {results['rounds']} rounds; {results.get('seconds', 0):.0f} s in all, "
           "building included.", "",
           "### What was to be reached", "",
           *markdown_table(["row", "measured", "of medians", "target", "reached"], target_lines(results)), "",
           "### Ratio to the bare loop", "",
           "CPU time a request, and in the open loop the 99th percentile: of best rounds, and (of medians).", "",
           *comparison_table(results["rows"]), ""]
    for summed in results["rows"]:
        out += [f"### {summed['title']}", "", *row_table(summed), ""]
        if is_plotted(summed):
            out += [f"![{summed['title']}](benchmarks/{summed['name']}.svg)", ""]
    if results.get("idle_bytes"):
        out += ["### Memory of an idle connection", "",
                "User space, after one request, of a connection that is kept.", "",
                *markdown_table(["server", "bytes"], [[name, number(value)] for name, value in results["idle_bytes"].items()]), ""]
    if results.get("engine"):
        out += ["### The load engine against a hand-written generator", "",
                "The best rate on the bare loop, of `appctl bench`, which verifies and times every reply, and of",
                "`epoll_load`, which counts bytes; and the least CPU time a request of each, in microseconds.", "",
                *markdown_table(["load", "appctl bench", "epoll_load", "ratio", "CPU appctl", "CPU epoll_load"],
                                [[one["title"], number(one["appctl"]), number(one["epoll_load"]), f"{one['ratio']:.2f}",
                                  *(f"{one['cpu_us'][name]:.3f}" for name in ("appctl", "epoll_load"))]
                                 for one in results["engine"]]), ""]
    if results.get("scaling"):
        out += scaling_part(results)
    if results.get("sharing"):
        out += sharing_part(results)
    return "\n".join([*out, END])


def replace_section(path, begin, end, text):
    """`text` instead of everything from the line `begin` to the line `end`."""
    old = path.read_text()
    path.write_text(old[:old.index(begin)] + text + old[old.index(end) + len(end):])


def write_document(path, results):
    replace_section(path, BEGIN, END, results_section(results))
