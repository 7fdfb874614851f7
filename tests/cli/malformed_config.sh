#!/bin/sh
# Every malformed configuration of the tree: auralis serve says where and what, and ends with 2 before it listens.
#   malformed_config.sh PROGRAM DATA-FOLDER
auralis=$1
data=$(realpath "$2/malformed/config")
. "$(dirname "$0")/lib.sh"
tried=0
export XDG_STATE_HOME="$folder/state"

# served ARGUMENTS…: as expect 2, but a server that starts after all is ended.
served() {
    asked="auralis serve $*"
    timeout 30 "$auralis" serve --listen 127.0.0.1:0 "$@" >out 2>err </dev/null
    got=$?
    [ "$got" = 2 ] || { fault "$asked: exit status $got, not 2"; cat err; }
    [ -s out ] && fault "$asked: something on standard output"
    absent state
}

for expect_file in "$data"/*.expect; do
    file=${expect_file%.expect}.conf
    served --config "$file"
    complains "$(printf '%s' "auralis serve: $file:$(cat "$expect_file")" | sed 's/[][\.*^$]/\\&/g')"
    [ "$(grep -c . err)" = 2 ] || { fault "$asked: not one message and where to look"; cat err; }
    tried=$((tried + 1))
done
[ $tried -ge 50 ] || fault "only $tried files tried"

served --config "$folder/nowhere.conf"
complains "nowhere.conf: cannot read it: No such file"
served --config "$folder"
complains "cannot read it: Is a directory"
served --config /dev/zero
complains "at most 262144 bytes"
served --threads none
complains '--threads.*whole number from 1 to 256'
finish
