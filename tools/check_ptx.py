#!/usr/bin/env python3
"""Refuses PTX whose floating-point instructions are not those of the kernels' C: check_ptx.py FILE.

Allowed on floats are additions, subtractions and multiplications rounded to nearest, conversions, minimum, maximum,
comparison, selection and moves. A fused multiply-add, an approximation, a division, a flush to zero or a double
would give other bits than the processor."""
import re
import sys

ALLOWED = re.compile(r"(add|sub|mul)\.rn\.f32|cvt\.rn\.f32\.[su](32|64)|cvt\.rzi\.[su](32|64)\.f32|(min|max)\.f32|"
                     r"setp\.\w+\.f32|selp\.f32|mov\.f32|(abs|neg)\.f32|(ld|st)\.[a-z0-9.]*f32|mov\.b32")
NEWEST = (6, 3)  # the first that knows sm_75; every driver that knows the chip reads it
bad, floats = 0, 0
with open(sys.argv[1], encoding="utf-8") as file:
    for number, line in enumerate(file, 1):
        version = re.match(r"\.version (\d+)\.(\d+)", line)
        if version and tuple(map(int, version.groups())) > NEWEST:
            print(f"{sys.argv[1]}:{number}: {line.strip()}: drivers older than that refuse it", file=sys.stderr)
            bad += 1
        if ".extern" in line:
            print(f"{sys.argv[1]}:{number}: {line.strip()}: nobody provides it", file=sys.stderr)
            bad += 1
        found = re.match(r"\s+(?:@!?%p\d+\s+)?([a-z]+[a-z0-9]*(?:\.[a-z0-9_:]+)+)\s", line)
        if not found:
            continue
        operation = found.group(1)
        if re.search(r"\.f(16|64)|ftz|approx|\.sat|^fma|^mad\.r", operation) or (
                ".f32" in operation and not ALLOWED.fullmatch(operation)):
            print(f"{sys.argv[1]}:{number}: {operation}", file=sys.stderr)
            bad += 1
        floats += ".f32" in operation
if not floats:
    sys.exit(f"{sys.argv[1]}: no float instruction at all: is this PTX?")
sys.exit(f"{bad} things that cannot be" if bad else 0)
