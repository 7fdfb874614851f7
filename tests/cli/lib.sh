# lib.sh — what the tests of the command line share. $auralis is the program; each test runs in a folder of its own,
# which goes when it ends.

auralis=$(realpath "$auralis")
folder=$(mktemp -d "${TMPDIR:-/tmp}/auralis-cli.XXXXXX")
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM HUP
cd "$folder" || exit 1
faults=0

fault() {
    echo "FAULT: $*"
    faults=$((faults + 1))
}

# expect STATUS ARGUMENTS…: runs the program; what it said is in ./out and ./err.
expect() {
    wanted=$1
    shift
    asked="auralis $*"
    "$auralis" "$@" >out 2>err </dev/null
    got=$?
    [ "$got" = "$wanted" ] || { fault "$asked: exit status $got, not $wanted"; cat err; }
}

# says / complains PATTERN…: each stands on standard output / standard error of the last run.
says() { for pattern; do grep -q -e "$pattern" out || { fault "$asked: does not say '$pattern'"; cat out; }; done; }
complains() { for pattern; do grep -q -e "$pattern" err || { fault "$asked: does not complain '$pattern'"; cat err; }; done; }

absent() { for name; do [ ! -e "$name" ] || fault "$asked: left $name behind"; done; }

finish() {
    [ "$faults" = 0 ] || echo "$faults faults"
    [ "$faults" = 0 ]
    exit
}
