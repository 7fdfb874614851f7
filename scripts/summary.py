#!/usr/bin/env python3
"""Sums up meson's test logs: each suite's share of the time, why a test failed, then one line 'N passed, N failed'."""
import argparse
import json
import os
import re

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("build", nargs="+", help="build directories whose last test run counts")
parser.add_argument("--further", nargs=2, type=int, metavar=("PASSED", "FAILED"), default=(0, 0),
                    help="checks made outside meson")
options = parser.parse_args()


def results(build):
    """What meson says of each test that it ran in `build`: nothing where that failed to build, which its own check has counted."""
    log = os.path.join(build, "meson-logs", "testlog.json")
    lines = open(log) if os.path.exists(log) else ()
    for line in lines:
        try:
            yield json.loads(line)
        except ValueError:  # it was ended while it wrote the last one
            return


def suite_of(name):
    """The first suite of a test: "unit" of "auralis:unit+threads / crew"."""
    return re.split("[:+]", name.split(" / ")[0])[1] if " / " in name else "other"


def reason(test, most=24):
    """Why a test failed: its "not ok" parts if it speaks TAP, else the end of what it said."""
    said = (test.get("stdout", "") + test.get("stderr", "")).splitlines()
    wrong = [at for at, line in enumerate(said) if line.startswith("not ok")]
    if not wrong:
        return said[-most:]
    return [line for at in wrong[:3] for line in said[at:at + most]]


failures = []

suites = {}
for build in options.build:
    for test in results(build):
        suite = os.path.basename(build) + " " + suite_of(test["name"])
        entry = suites.setdefault(suite, {"passed": 0, "failed": 0, "skipped": 0, "seconds": 0.0})
        result = test["result"]
        entry["passed" if result in ("OK", "EXPECTEDFAIL") else "skipped" if result == "SKIP" else "failed"] += 1
        entry["seconds"] += test["duration"]
        if result not in ("OK", "EXPECTEDFAIL", "SKIP"):
            failures.append((f"{os.path.basename(build)} {test['name']}", reason(test)))

total = sum(entry["seconds"] for entry in suites.values()) or 1.0
print(f"\n{'suite':28} {'passed':>6} {'failed':>6} {'skipped':>7} {'seconds':>8} {'share':>6}")
for name, entry in suites.items():
    print(f"{name:28} {entry['passed']:6} {entry['failed']:6} {entry['skipped']:7} {entry['seconds']:8.1f} "
          f"{100 * entry['seconds'] / total:5.1f}%")

for name, lines in failures:
    print(f"\n{name} failed:", *lines, sep="\n  ")

passed, failed, skipped = (sum(entry[key] for entry in suites.values()) for key in ("passed", "failed", "skipped"))
passed, failed = passed + options.further[0], failed + options.further[1]
print(f"\n{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
