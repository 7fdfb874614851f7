#!/bin/sh
# The same seed gives the same samples: again, with every instruction set, with one thread and two.
#   samples.sh PROGRAM FILE-WITH-THE-HASH
auralis=$1
expected=$(cut -d' ' -f1 "$2")
. "$(dirname "$0")/lib.sh"
asked=samples

same() { # same WHAT OPTIONS…
    what=$1
    shift
    got=$("$auralis" render -q --seed 7 --preset focus --duration 60s "$@" -o - | sha256sum | cut -d' ' -f1)
    [ "$got" = "$expected" ] || fault "$what: $got, not $expected"
}

same 'as it comes'
same 'once more'
for isa in $("$auralis" devices --isas); do same "$isa" --isa "$isa"; done
for threads in 1 2; do same "$threads threads" --threads "$threads"; done
finish
