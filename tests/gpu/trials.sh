#!/bin/sh
# trials.sh AURALIS: ways of sending calls are tried at the first start, not at the next, and not where that is forbidden; a GPU that fails
# meanwhile is left like one that fails later.
auralis=$1 work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
says() { # says FAULT DEVICE CACHE PATTERN
  said=$(FAKE_CUDA=$1 XDG_CACHE_HOME=$3 "$auralis" render -o "$work/x.wav" -d 1s --device "$2" 2>&1 | grep '^Device: ')
  echo "$said" | grep -q "$4" || { echo "with \"$1\", $2: $said"; exit 1; }
}
kept() { [ "$(ls "$work/$1/auralis" | grep -c '\.plans-')" -eq "$2" ] || { echo "in $1:"; ls "$work/$1/auralis"; exit 1; }; }
mkdir "$work/a" "$work/b"
says idle cuda,trials=off "$work/a" '): ready in [0-9.]* s; memory for 1 stream$'
kept a 0
says idle cuda "$work/a" '): ready in [0-9.]* s, of which [0-9.]* s to try ways of sending calls; memory for 1 stream$'
kept a 1
says idle cuda "$work/a" '): ready in [0-9.]* s; memory for 1 stream$'
says idle cuda,graphs=off "$work/a" ' to try ways ' # another choice, a file of its own
kept a 2
says idle cuda,parts=2,graphs=on,blocks=8 "$work/a" '): ready in [0-9.]* s; memory for 1 stream$'
says idle cuda /dev/null ' to try ways '
for fault in launch:30 graph:2 hang:20; do says "$fault" cuda "$work/b" '^Device: c'; done
