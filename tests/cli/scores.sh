#!/bin/sh
# Scores: phrases as JSON, MIDI files of many makers, and the score of what is rendered as a MIDI file.
#   scores.sh PROGRAM DATA-FOLDER
auralis=$1
data=$(realpath "$2")
. "$(dirname "$0")/lib.sh"

frames() { soxi -s "$1" 2>/dev/null; }
# Every sample finite, and not silence.
sounds() {
    ffmpeg -nostdin -hide_banner -i "$1" -af astats=measure_perchannel=none -f null - 2>&1 | awk '
        /Peak level dB/ { peak = $NF } /Number of (NaNs|Infs)/ { if ($NF > 0) wild = 1; n++ }
        END { if (n != 2 || wild || peak == "-inf" || peak < -60 || peak > 0) exit 1 }' || fault "$asked: silent or wild"
}
notes() { od -An -v -tx1 "$1" | tr -d '\n ' | grep -o '4d54726b' | wc -l; }

# A phrase gives exactly duration_sec × rate frames, at any rate, with or without effects.
for rate in 44100 48000 96000; do
    for phrase in W1:1 W2:27.428571428571427 W3:10; do
        expect 0 render -q -r $rate -o phrase.wav --score "$data/phrases/${phrase%:*}.json"
        wanted=$(echo "${phrase#*:} $rate" | awk '{printf "%d", $1 * $2 + 0.5}')
        [ "$(frames phrase.wav)" = "$wanted" ] || fault "$asked: $(frames phrase.wav) frames, not $wanted"
        sounds phrase.wav
    done
done
expect 0 render -q -o dry.wav --dry --score "$data/phrases/W3.json"
[ "$(frames dry.wav)" = 480000 ] || fault "$asked: $(frames dry.wav) frames"
sounds dry.wav
expect 0 render -q -o tail.wav --tail --score "$data/phrases/W3.json"
[ "$(frames tail.wav)" -gt 528000 ] || fault "$asked: the tail has only $(frames tail.wav) frames in all"

# Any number of threads renders the same samples, dry, with effects and from a MIDI file.
for threads in 1 2 3 5; do
    expect 0 render -q -o "wet$threads.wav" --threads "$threads" --score "$data/phrases/W2.json"
    expect 0 render -q -o "dry$threads.wav" --threads "$threads" --dry --score "$data/phrases/W2.json"
    expect 0 render -q -o "midi$threads.wav" --threads "$threads" --tail --score "$data/midi/rosegarden.mid"
    for kind in wet dry midi; do
        cmp "${kind}1.wav" "$kind$threads.wav" || fault "$threads threads change the samples: $kind"
    done
done
rm -f wet*.wav dry?.wav midi?.wav

# MIDI files: those of known programs, and our own with one odd habit each.
for file in "$data"/midi/*.mid "$data"/midi/quirks/*.mid; do
    expect 0 render -q -o midi.wav --score "$file"
    sounds midi.wav
done

# What was read and written is written the same again: notes, bends and controllers of other makers' files.
for name in abc2midi finale fl-studio rosegarden tablature; do
    expect 0 render -q --bpm 60 --midi once.mid --score "$data/midi/$name.mid"
    expect 0 render -q --bpm 60 --midi twice.mid --score once.mid
    cmp once.mid twice.mid || fault "$name.mid differs when it is written a second time"
done

# The score beside the audio, alone, and of a phrase; what was written can be played.
expect 0 render -q -o both.wav --midi both.mid --seed 7 -d 30s
sounds both.wav
expect 0 render -q --midi alone.mid --seed 7 -d 30s
cmp both.mid alone.mid || fault 'the score differs when it is written alone'
expect 0 render -q --midi other.mid --seed 8 -d 30s
cmp -s both.mid other.mid && fault 'two seeds have one score'
expect 0 render -q -o again.wav --score both.mid
[ "$(frames again.wav)" -gt 1400000 ] && [ "$(frames again.wav)" -lt 1480000 ] || fault "$asked: $(frames again.wav) frames"
expect 0 render -q --midi later.mid --seed 7 --start 10m -d 30s
expect 0 render -q -o again.wav --score later.mid
[ "$(frames again.wav)" -lt 1480000 ] || fault "$asked: the score of an excerpt does not begin with it"
expect 0 render -q --midi phrase.mid --score "$data/phrases/W2.json"
[ "$(notes phrase.mid)" -ge 4 ] || fault "$asked: too few tracks"
expect 0 render -q -o again.wav --score phrase.mid
sounds again.wav

# What does not go together; nothing is written then.
expect 2 render -o no.wav --tail
complains '--tail goes with --score'
expect 2 render -o no.wav --dry
complains '--dry goes with --score'
expect 2 render -o no.wav --score "$data/phrases/W1.json" -d 10s
complains '--duration does not go with --score'
expect 2 render -o no.wav --score "$data/phrases/W1.json" --start 1
complains '--start does not go with --score'
expect 2 render -o no.wav --score "$data/phrases/W1.json" --key D
complains 'Key steers the composer'
expect 2 render -o no.mid --midi no.mid
complains 'suffix\|same file'
expect 1 render -o no.wav --score nowhere.json
complains 'cannot read nowhere.json: No such file'
expect 1 render -o no.wav --score .
complains 'cannot read \.: Is a directory'
: >empty.json
expect 2 render -o no.wav --score empty.json
complains 'empty.json: file: is empty'
expect 1 render -q -o no.wav --midi nowhere/no.mid -d 1s
complains 'cannot write nowhere/no.mid'
absent no.wav no.mid
expect 1 render -q -o nowhere/no.wav --midi no.mid -d 1s
absent no.mid
left=$(ls -A | grep '^\.auralis')
[ -z "$left" ] || fault "left behind: $left"
finish
