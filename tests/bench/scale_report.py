"""What scale.py measured, as Markdown."""
import targets
from report import markdown_table, verdict

BEGIN = "<!-- scale: written by scripts/scale -->"
END = "<!-- end of scale -->"


def held_lines(one, target):
    where = "in one process" if one.processes == 1 else f"in {one.processes} processes"
    return [[f"idle connections {where}, held {one.hold_s:g} s", *verdict(target, one.connections)],
            ["of a core, by all servers meanwhile", *verdict(targets.IDLE_CPU, one.idle_cpu * 100)],
            ["then asked all at once, verified", f"{one.answer_s:.2f} s, {one.answers_per_second:,.0f} a second",
             "all", "yes"],
            ["user memory of one", *verdict(targets.USER_BYTES, one.user_bytes)],
            ["kernel memory of one, one end", f"{one.kernel_bytes:,.0f} bytes", "", ""],
            ["opened, each asked once", f"{one.open_s:.1f} s, {one.connections / one.open_s:,.0f} a second", "", ""],
            ["user memory kept when all had ended", f"{one.left_bytes / 1024:,.0f} KiB", "", ""]]


def churn_lines(one, target):
    return [["connections, one request each, one behind the other", *verdict(target, one.connections)],
            ["rate, and failed ones", f"{one.connections / one.seconds:,.0f} a second; {one.errors}", "none failed",
             "yes" if one.errors == 0 else "**no**"],
            ["user memory more than after the first 5 s", *verdict(targets.CHURN_GROWTH, one.growth_bytes)],
            ["user memory before, warm, at the end",
             f"{one.first_bytes // 1024:,}, {one.warm_bytes // 1024:,}, {one.last_bytes // 1024:,} KiB", "", ""],
            ["descriptors more than before",
             *verdict(targets.CHURN_DESCRIPTORS, one.descriptors_after - one.descriptors_before)]]


def needs_text(want, held):
    return [f"### {want.connections:,} connections", "",
            f"Computed from the bytes that one connection took above ({held.user_bytes:,.0f} in the server, "
            f"{held.kernel_bytes:,.0f} in the kernel), for idle ones whose clients are elsewhere:", "",
            f"- memory: {want.total_bytes / 1e9:.1f} GB, {want.kernel_bytes / 1e9:.1f} of it the kernel's; and what "
            "requests under way need, up to `--max-buffered` in each process;",
            f"- descriptors: {want.descriptors:,} in one process (`LimitNOFILE`; `fs.nr_open` bounds it, `fs.file-max` "
            f"the sum), or {want.processes} processes under the limit that was in force here;",
            f"- ports: the server needs one. Each client address has "
            f"{want.ports:,} for it (`net.ipv4.ip_local_port_range`), so that clients need {want.client_addresses} "
            "addresses;",
            "- `net.core.somaxconn` for bursts of new ones, `net.netfilter.nf_conntrack_max` above their number where "
            "connections are tracked; `--idle-timeout` longer than they are quiet.", ""]


def section(results):
    out = [BEGIN, ""]
    if results.get("where"):
        out += [results["where"], ""]
    table = []
    for one, target in results["held"]:
        table += held_lines(one, target)
    if results.get("churned"):
        table += churn_lines(*results["churned"])
    out += [*markdown_table(["what", "measured", "target", "reached"], table), ""]
    if results.get("needs"):
        out += needs_text(results["needs"], results["held"][-1][0])
    return "\n".join([*out, END])
