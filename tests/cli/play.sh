#!/bin/sh
# Playing and devices. ALSA is given a configuration of its own, so that no machine's sound card matters.
auralis=$1
. "$(dirname "$0")/lib.sh"

expect 0 devices --isas
grep -qx scalar out || fault 'devices --isas lacks scalar'
grep -q '[^a-z0-9]' out && fault 'devices --isas says more than names'
best=$(head -n 1 out)
expect 0 devices
says 'Kernels' "^  $best .*unless told otherwise" 'Sound devices' '^  cpu  *[0-9.]* GB, [0-9]* cores*, [1-9][0-9]* pad voices in real time on one core$'
expect 2 devices --isa
complains '--isa; the nearest is --isas'
expect 2 devices all
complains '"all" is no option'
expect 0 play --help
says '--device' '--preset' 'Exit status'
expect 2 play --device loud
complains '--device "loud": must be a number'
expect 2 play --rate 22050
complains 'must be 44100, 48000 or 96000'
expect 2 play --bpm 500
complains '--bpm "500"'
expect 2 play --isa mmx
complains '--isa "mmx": there are no such kernels'
echo '{"sample_rate": 44100}' >bad.json
expect 2 play --score bad.json
complains 'bad.json: duration_sec: is missing'

"$auralis" --version | grep -q 'PortAudio' || {
    expect 1 play
    complains 'no PortAudio'
    finish
}
echo 'pcm.none { type hw card 99 }' >none.conf # PortAudio gives up on a file without any pcm
export ALSA_CONFIG_PATH="$folder/none.conf"
expect 1 play
complains 'no sound card' 'auralis render'
[ "$(wc -l <err)" = 1 ] || { fault 'more than the one message without a sound card'; cat err; }
expect 0 devices
says '^  none'
expect 1 play --device 7
complains 'auralis devices lists them'

# A card that takes everything at once and keeps it: what arrives is not silence, and the end comes by itself.
cat >card.conf <<END
pcm.!default { type file slave.pcm { type null } file "$folder/played" format raw hint { show on description "Recorder" } }
ctl.!default { type null }
END
export ALSA_CONFIG_PATH="$folder/card.conf"
expect 0 devices
grep -q 'the default' out || { echo 'no recording device here; the rest is skipped'; finish; }
expect 0 play --seed 3 -d 5s
complains 'Ctrl-C' '--seed 3'
[ "$(tr -d '\0' <played | wc -c)" -gt 100000 ] || fault "$asked: nothing was played"
rm -f played
expect 0 play -q -r 48000 -d 2s
[ -s err ] && fault "$asked: not quiet"

# Ctrl-C ends it at once.
sed -i 's/type file slave.pcm.*raw/type null/' card.conf
"$auralis" play -q 2>err &
player=$!
sleep 0.5
while kill -INT $player 2>/dev/null && sleep 0.3; do :; done
wait $player
[ $? = 130 ] || fault 'an interrupted play does not end with 130'
finish
