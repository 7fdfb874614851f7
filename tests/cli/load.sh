#!/bin/sh
# auralis load: it finds nothing wrong where nothing is, finds each kind of fault that is planted, and goes nowhere else.
auralis=$1
. "$(dirname "$0")/lib.sh"

expect 0 load --help
says '--listeners N' '--churn RATE' '--plant FAULT' '--anywhere' 'Exit status'

# Bad input, and other machines.
expect 2 load 192.0.2.7:8000
complains '"192.0.2.7:8000" is not this machine; --anywhere'
expect 2 load '[2001:db8::1]:8000'
complains 'is not this machine'
expect 2 load 127.0.0.1
complains 'must be HOST:PORT'
expect 2 load https://127.0.0.1:8000
complains 'only http:// and ws://'
expect 2 load -n 0
complains '-n "0": must be a whole number from 1 to 20000'
expect 2 load -n 20001
complains 'from 1 to 20000'
expect 2 load --duration 169h
complains '--duration "169h"'
expect 2 load --protocol v2,v3
complains '--protocol "v2,v3"'
expect 2 load --chunk 500
complains 'multiple of 240'
expect 2 load --plant flood
complains 'drop, repeat, bit or seed'
expect 2 load -n 3 --slow 4
complains 'only 3 listeners'
expect 2 load --station 'a&b=c'
complains '--station'
expect 2 load 127.0.0.1:1 127.0.0.1:2
complains 'too many'

# Nobody there.
expect 1 load -n 2 --ramp 0 --duration 1s 127.0.0.1:1
says '2 failed' 'cannot connect'

"$auralis" serve --listen 127.0.0.1:0 --state-dir :memory: >served 2>serve_errors &
server=$!
trap 'kill $server 2>/dev/null; rm -rf "$folder"' EXIT
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    grep -q http served && break
    sleep 0.5
done
address=$(grep -o '127[.0-9]*:[0-9]*' served)
[ "$address" ] || { fault 'the server does not listen'; cat serve_errors; finish; }

# field NAME: a number of the last --json.
field() { sed -n "s/^ *\"$1\": \([-0-9.a-z]*\),\{0,1\}$/\1/p" result.json | head -1; }

# is NAME OPERATOR VALUE
is() { awk "BEGIN { exit !($(field "$1") $2 $3) }" || fault "$asked: $1 is $(field "$1"), which is not $2 $3"; }

# All protocols, personal and shared, with clocks that are wrong and two who read slowly.
expect 0 load -n 12 --ramp 0.5s --duration 5s --shared 50 --protocol v2,v2-float32,v1,v0,v2-opus --verify 10 --slow 2 --ppm 200 \
    --json result.json "$address"
says '12 opened, 0 failed, 0 lost' '0 gaps' ' 0 of [0-9]* messages differ'
is verified_listeners '>=' 7
is verified_messages '>' 100
is unverified_messages '==' 0
is playing '==' 12
is rss_mb_playing '>' 1
is on_time_percent '>' 0
[ "$(field passed)" = true ] || fault 'passed is not true'

# Radio, personal and shared.
expect 0 load -n 8 --ramp 0.2s --duration 4s --shared 50 --protocol http-opus,http-mp3 --ppm 200 --json result.json "$address"
says '8 opened, 0 failed, 0 lost' '0 gaps' '0 times silent'
is messages '>' 500

# People who come and go.
expect 0 load -n 8 --ramp 0 --duration 3s --churn 20 --shared 30 --json result.json "$address"
is replaced '>=' 55
is failed '==' 0
is lost '==' 0

# What is planted is found, in every protocol.
for protocol in v2 v2-float32 v2-opus v1 v0; do
    expect 1 load -n 1 --ramp 0 --duration 2s --protocol $protocol --plant seed "$address"
    says 'are not the piece'
done
expect 1 load -n 2 --ramp 0 --duration 4s --plant bit "$address"
says ' 1 of [0-9]* messages differ'
expect 1 load -n 2 --ramp 0 --duration 4s --protocol v1 --plant bit "$address"
says ' 1 of [0-9]* messages differ'
expect 1 load -n 2 --ramp 0 --duration 4s --plant drop --json result.json "$address"
is missing_frames '==' 4800
expect 1 load -n 2 --ramp 0 --duration 4s --protocol v1 --plant drop --json result.json "$address"
is missing_frames '==' 4410
expect 1 load -n 2 --ramp 0 --duration 4s --shared 100 --plant repeat --json result.json "$address"
is repeats '==' 1

# A station that does not exist, and a file that cannot be written.
expect 1 load -n 1 --duration 1s --shared 100 --station nowhere "$address"
says 'refused with HTTP 404'
expect 1 load -n 1 --ramp 0 --duration 1s --json /nowhere/result.json "$address"
complains 'cannot write /nowhere/result.json'

# A server that ends: its listeners are lost.
"$auralis" load -n 3 --ramp 0 --duration 200s "$address" >out 2>err &
load=$!
sleep 2
kill -9 $server
wait $load
[ $? = 1 ] || fault 'a server that died goes unnoticed'
finish
