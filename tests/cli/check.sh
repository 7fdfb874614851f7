#!/bin/sh
# auralis check: every kernel of every instruction set of this machine, and a verdict.
auralis=$1
. "$(dirname "$0")/lib.sh"

expect 0 check
for kernel in analog bell drum noise tone mix fx; do
    for isa in $("$auralis" devices --isas); do says "^$kernel .*$isa  *bit-equal  *[0-9.]* dB"; done
done
for isa in $("$auralis" devices --isas); do says "^stretch .*$isa  *bit-equal"; done
says '^all agree'
! grep -q -e DIFFERS -e FAR out || fault 'it says that something differs, and that all agree'
expect 0 check --help
says 'Exit status'
expect 2 check --bits --long
complains '--bits asks for no reference'
expect 2 check everything
complains '"everything" is too many'
finish
