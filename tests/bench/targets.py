"""What is to be reached, in one place: docs/benchmarks.md says of each whether it was."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    limit: float
    unit: str = ""
    at_least: bool = False
    form: str = "{:,.2f}"

    def reached(self, value):
        return value >= self.limit if self.at_least else value <= self.limit

    def show(self, value):
        return self.form.format(value) + (f" {self.unit}" if self.unit else "")

    def __str__(self):
        return ("at least " if self.at_least else "at most ") + self.show(self.limit)


def bytes_at_most(limit):
    return Target(limit, "bytes", form="{:,.0f}")


def at_least(limit, unit=""):
    return Target(limit, unit, at_least=True, form="{:,.0f}")


# appd's best round to the best round of the bare loop (rows.py), of what the row compares.
ROWS = {
    "search_depth1": Target(1.04),
    "search_depth32": Target(1.55),
    "double_depth32": Target(1.55),
    "search_one_shot": Target(1.12),
    "search_one_shot_in_order": Target(1.12),
    "raw_64": Target(1.00),
    "raw_64k": Target(1.00),
    "echo_64k": Target(1.25),
    "echo_1m": Target(1.40),
    "echo_16m": Target(1.40),
    "typed_integer_depth32": Target(1.86),  # search's and a fifth
    "typed_string_depth32": Target(1.86),
    "typed_struct_depth32": Target(1.86),
    "typed_map_depth32": Target(1.86),
    "typed_vector_depth32": Target(1.86),
    "typed_several_depth32": Target(1.86),
    "typed_choice_depth32": Target(1.86),
    "lines_depth32": Target(1.86),
    "resp_depth32": Target(1.86),
    "same_turn_depth32": Target(2.00),
    "next_turn_depth32": Target(2.60),
    "open_loop": Target(1.20),
}
IDLE_BYTES = bytes_at_most(160)
START_MS = Target(10, "ms", form="{:.1f}")     # from the start of the process to its last ready line
FLOOD_RATIO = Target(1.3)  # the others' 99th percentile beside a connection that floods, to theirs alone
POOL_RATIO = Target(1.0, at_least=True)  # calls a second through a pool, to those over a client for each thread
ENGINE_RATIO = Target(0.97, at_least=True)   # appctl bench's rate to that of the hand-written generator
CONTENDED_LINES = Target(0, form="{:,.0f}")
CONTENDED_CASES = ["search", "search_pipelined", "double_pipelined"]  # the usual path
SCALING = Target(1.02)                       # CPU time a request with two loops to that of two processes

ONE_PROCESS = at_least(19_500, "connections")
ALL_PROCESSES = at_least(200_000, "connections")
IDLE_CPU = Target(1.0, "% of a core", form="{:.3f}")
USER_BYTES = bytes_at_most(160)
CHURNED = at_least(1_000_000, "connections")
CHURN_GROWTH = bytes_at_most(65_536)
CHURN_DESCRIPTORS = Target(0, "descriptors", form="{:,.0f}")
