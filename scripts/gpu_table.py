#!/usr/bin/env python3
"""The last step of scripts/gpu-check: what it measured, beside each bar, as a table and as JSON (docs/gpu.md has the schema)."""
import json
import os
import re
import sys

work, device, results, seconds = sys.argv[1:]


def text(name):
    path = os.path.join(work, name)
    return open(path, encoding="utf-8").read() if os.path.exists(path) else ""


def cases(name):
    return {c["name"]: c for c in json.loads(text(name) or '{"cases": []}')["cases"]}


gpu, cpu = cases("gpu.json"), cases("cpu.json")


def value(name, figure="value"):
    case = gpu.get(f"{device}{name}")
    return case[figure] if case else None


def most(found):
    return max((c["value"] for name, c in found.items() if name.endswith(" together")), default=None)


def ratio(a, b):
    return a / b if a is not None and b else None


def roofline():
    """Voices × samples a second × instructions of the PTX a sample (tests/gpu/ptx), of the instructions a second that the card
    has shown to issue: independent sums and products, 32 lanes of four schedulers a multiprocessor and clock."""
    voices, peak, each = value(": kernel of a pad alone"), value(": peak of products and sums"), float(text("instructions") or 0)
    return voices * 48000 * each / (peak * 1e9) if voices and peak and each else None


def plans():
    """{"parts=1,graphs=off": {"10": ms, …}, …}"""
    found = {}
    for name, case in gpu.items():
        match = re.fullmatch(re.escape(device) + r": (parts=\d,graphs=\w+), (\d+) streams", name)
        if match:
            found.setdefault(match[1], {})[match[2]] = case["p50"]
    return found


growth = [value(f": steady, growth {of}") for of in ("of GPU memory", "as NVML has it")]
growth = max((g for g in growth if g is not None), default=None)
steady = next((c for name, c in gpu.items() if ": steady chunk, " in name), None)
steady_name = "streams, 20 ms chunks: p99" if not steady else "%s streams, 20 ms chunks for %d s: p99" % (
    steady["name"].split(", ")[-1].split()[0], float(text("steady") or 0))
ways = plans()
together = most(gpu)
# what, reached, unit, bar; a negative bar is one not to exceed
BARS = [("output against the processor", float(os.path.exists(os.path.join(work, "equal"))), "bit-equal", 1),
        ("pad voices in real time, to stereo PCM in host memory", value(", pad voices"), "voices", 1e6),
        ("full personal streams in real time", together, "streams", 30000),
        (steady_name, steady and steady["p99"], "ms", -10),
        ("utilisation at full load", value(": utilisation at full load"), "%", 60),
        ("pad kernel: its instructions, of the rate at which the card issues such", roofline(), "share", 0.6),
        ("one GPU against all cores of its host", ratio(together, most(cpu)), "times", 1.67),
        ("streams and graphs: ways measured at 10, 100, 1,000 and 10,000 streams",
         float(min((len(row) for row in ways.values()), default=0)), "of 4", 4),
        ("one stream, one chunk: p99", value(": chunk of 20 ms, 1 streams", "p99"), "ms", -2),
        ("process to first sound, compiled kernels from the cache", float(text("warm") or "nan") / 1e6, "ms", -500),
        ("GPU memory growth as time goes", growth, "bytes", -0.0),
        ("fault drill", float(os.path.exists(os.path.join(work, "survived"))), "survived", 1)]


def met(reached, unit, bar):
    if reached is None:
        return None
    return reached <= -bar if unit in ("ms", "bytes") else reached >= bar


rows = [{"case": case, "unit": unit, "reached": reached, "at_most" if unit in ("ms", "bytes") else "at_least": abs(bar),
         "met": met(reached, unit, bar)} for case, reached, unit, bar in BARS]
wanted = device.split(",")[0] if ":" in device else device.split(",")[0] + ":0"
listed = next((line.split(None, 1)[1] for line in text("devices").splitlines() if line.split()[:1] == [wanted]), device)
name = listed.split(",")[0]
result = {"schema": 1, "device": name, "about": listed, "seconds": int(seconds),
          "first_sound_s": {which: float(text(which) or "nan") / 1e9 for which in ("cold", "warm")},
          "bars": rows, "chunk_ms_by_way": ways,
          "gpu": json.loads(text("gpu.json") or "null"), "cpu_all_cores": json.loads(text("cpu.json") or "null")}

print("\n%-74s %14s  %-10s %10s  %s" % (name, "reached", "", "bar", ""))
for row in rows:
    low = "at_most" in row
    print("%-74s %14s  %-10s %10s  %s" % (
        row["case"], "not measured" if row["reached"] is None else "%.6g" % row["reached"], row["unit"],
        ("≤ %g" if low else "≥ %g") % row["at_most" if low else "at_least"],
        {True: "met", False: "MISSED", None: "?"}[row["met"]]))
if ways:
    counts = sorted({int(count) for row in ways.values() for count in row})
    print("\n%-22s" % "ms of a 20 ms chunk" + "".join("%10d" % count for count in counts) + "  streams")
    for way, row in ways.items():
        print("%-22s" % way + "".join("%10.3f" % row[str(count)] if str(count) in row else "%10s" % "" for count in counts))
    print("%-22s" % "quickest" + "".join("%10s" % min((row[str(count)], way) for way, row in ways.items() if str(count) in row)[1]
                                        .replace("parts=", "p").replace(",graphs=", " g ").replace("off", "-").replace("on", "+")
                                        for count in counts))
print("\nfirst sound: cold %(cold).2f s, warm %(warm).2f s" % result["first_sound_s"] + "; all of it took %s s" % seconds)
path = os.path.join(results, "gpu-%s.json" % re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-"))
os.makedirs(results, exist_ok=True)
with open(path, "w", encoding="utf-8") as file:
    json.dump(result, file, indent=1, ensure_ascii=False)
    file.write("\n")
print(f"kept in {path}")
