#!/bin/sh
# Every malformed file of the tree: exit 2, one message that names the file and the place, and nothing written.
#   malformed.sh PROGRAM DATA-FOLDER
# tests/data/malformed/KIND/NAME.* is the file, NAME.expect the place as the message gives it (its beginning will do).
auralis=$1
data=$(realpath "$2/malformed")
. "$(dirname "$0")/lib.sh"
ln -s "$data" malformed # short names, whatever the folder of the tests
tried=0

# refused KIND SEPARATOR ARGUMENTS…: the file goes after the arguments; the separator stands before the place.
refused() {
    kind=$1 separator=$2
    shift 2
    for expect_file in malformed/"$kind"/*.expect; do
        name=${expect_file%.expect}
        for file in "$name".*; do [ "$file" = "$expect_file" ] || break; done
        expect 2 "$@" "$file"
        grep -qF "$file$separator$(cat "$expect_file")" err || { fault "$kind/${name##*/}: the place is not $(cat "$expect_file")"; cat err; }
        [ "$(grep -c . err)" = 2 ] || { fault "$kind/${name##*/}: not one message and where to look"; cat err; }
        [ "$(ls -A | tr '\n' ' ')" = 'err malformed out ' ] || { fault "$kind/${name##*/}: left something behind"; ls -A; }
        [ -s out ] && fault "$kind/${name##*/}: something on standard output"
        tried=$((tried + 1))
    done
}

refused score ': ' render -o no.wav --midi no.mid --score
refused midi ': ' render -o no.wav --midi no.mid --score
if "$auralis" serve --help >/dev/null 2>&1; then
    refused config ':' serve --listen 127.0.0.1:0 --config
fi
[ $tried -ge 105 ] || fault "only $tried files tried"
finish
