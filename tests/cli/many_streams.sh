#!/bin/sh
# The batch example: sixteen different levels, and half of them fall by 20 dB when told to.
many_streams=$(realpath "$1")
"$many_streams" | awk '
    { for (i = 3; i <= NF; i++) { level[NR, i] = $i; if (!($i > 0 && $i < 1)) { print "silent or wild: " $0; bad = 1 } } fields = NF }
    END {
        if (NR != 4 || fields != 18) { print "not 4 seconds of 16 streams"; exit 1 }
        for (i = 3; i <= 18; i++) {
            ratio = level[4, i] / level[2, i]
            if (i % 2 == 0 && ratio > 0.1) { print "stream " i - 3 " was turned down and is not: " ratio; bad = 1 }
            if (i % 2 == 1 && ratio < 0.1) { print "stream " i - 3 " fell by itself: " ratio; bad = 1 }
        }
        exit bad
    }'
