#!/bin/sh
# gpu_check.sh SCRIPT BUILD: scripts/gpu-check from start to end on the fakes, with a figure for every bar, and what it says without a GPU.
fail() { echo "$*"; exit 1; }
said=$("$1" --dry-run "$2" 2>&1) || fail "$said"
echo "$said"
python3 - "$2/gpu-fake-gpu.json" <<'PYTHON' || exit 1
import json, sys
result = json.load(open(sys.argv[1]))
assert result["schema"] == 1 and result["device"] == "Fake GPU" and result["seconds"] < 600, result
bars = {row["case"]: row for row in result["bars"]}
assert len(bars) == 12
for row in bars.values():
    assert row["reached"] is not None and row["met"] is not None and ("at_most" in row) != ("at_least" in row), row
assert bars["output against the processor"]["met"] and bars["fault drill"]["met"]
assert bars["utilisation at full load"]["reached"] == 73
assert bars["full personal streams in real time"]["reached"] > 10
assert len(result["chunk_ms_by_way"]) == 6 and result["first_sound_s"]["warm"] > 0
assert any(case["name"] == "cuda: steady, growth as NVML has it" for case in result["gpu"]["cases"])
PYTHON
said=$(FAKE_CUDA=none "$1" --dry-run "$2" 2>&1)
[ $? -eq 2 ] && echo "$said" | grep -q 'the driver knows no GPU' || fail "without a GPU: $said"
