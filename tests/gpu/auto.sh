#!/bin/sh
# auto.sh AURALIS: which device `--device auto` takes with the libcuda of the tests, and that it says why; what `devices` says of it.
says() { # says FAULT PATTERN
  said=$(FAKE_CUDA=$1 "$auralis" render -o "$out" --duration 0.1 --device auto 2>&1 | grep '^Device: ')
  echo "$said" | grep -q "$2" || { echo "with \"$1\": $said"; exit 1; }
}
auralis=$1 out=$(mktemp -d)/x.wav
trap 'rm -rf "$(dirname "$out")"' EXIT
says '' '^Device: cuda:0 .*gives the processor.s samples'
says idle '^Device: cpu .*does not give the processor.s samples'
says launch:20 '^Device: cpu ([a-z0-9]*): .*does not give the processor.s samples'
says none '^Device: cpu ([a-z0-9]*): no GPU was found'
# What it was measured to do, or why it does nothing.
lists() { # lists FAULT PATTERN
  said=$(FAKE_CUDA=$1 "$auralis" devices | grep '^  cuda:0 ')
  echo "$said" | grep -q "$2" || { echo "with \"$1\": $said"; exit 1; }
}
lists '' 'Fake GPU, 4.3 GB, 1 compute units, driver CUDA [^,]*, sm_90, [1-9][0-9]* pad voices in real time$'
lists old 'sm_60, does not work: the GPU is older than sm_75'
