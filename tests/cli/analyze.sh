#!/bin/sh
# auralis analyze: its readings beside those of ffmpeg's ebur128 and astats, clicks, comparison, pictures, refusals.
#   analyze.sh PROGRAM DATA-FOLDER
auralis=$1
data=$(realpath "$2")
. "$(dirname "$0")/lib.sh"

# figure NAME: of the last --json run.
figure() { grep -o "\"$1\":[^,}]*" out | head -1 | cut -d: -f2; }
# agree NAME OURS THEIRS [WITHIN]
agree() {
    echo "$2 $3 ${4:-0.1}" | awk '{ d = $1 - $2; if ($1 == "" || $2 == "" || $1 == "null" || d > $3 + 1e-9 || d < -$3 - 1e-9) exit 1 }' ||
        fault "$file: $1 is $2, ffmpeg says $3"
}
of() { awk -v key="$1" 'index($0, key) { v = $0; sub(/.*: */, "", v); split(v, w, " "); last = w[1] } END { print last }' "$2"; }

beside_ffmpeg() {
    file=$1
    expect 0 analyze --json "$file"
    ffmpeg -nostdin -hide_banner -i "$file" -af ebur128=peak=true:framelog=verbose -f null - 2>&1 | sed -n '/Summary/,$p' >loudness
    ffmpeg -nostdin -hide_banner -i "$file" -af aformat=sample_fmts=dblp,astats=measure_perchannel=none -f null - 2>stats >/dev/null
    agree 'integrated loudness' "$(figure integrated_loudness)" "$(of ' I:' loudness)"
    agree 'loudness range' "$(figure loudness_range)" "$(of ' LRA:' loudness)" 0.15 # it prints one decimal
    agree 'true peak' "$(figure true_peak)" "$(of ' Peak:' loudness)"
    agree 'sample peak' "$(figure sample_peak)" "$(of 'Peak level dB' stats)"
    agree 'RMS' "$(figure rms)" "$(of 'RMS level dB' stats)"
    floor=$(of 'Noise floor dB' stats) # a recording whose very first sample is 0 has none for ffmpeg
    [ "$floor" = -inf ] || agree 'noise floor' "$(figure noise_floor)" "$floor"
    agree 'DC' "$(figure dc_offset)" "$(of 'DC offset' stats)" 0.00001
    # the loudest 400 ms and 3 s, of the lines that ffmpeg prints every 100 ms
    ffmpeg -nostdin -hide_banner -i "$file" -af ebur128=framelog=info -f null - 2>&1 | tr '\r' '\n' | awk '
        BEGIN { m = s = -999 } / M: *-?[0-9]/ {
            match($0, / M: *[-0-9.]+/); x = substr($0, RSTART + 3, RLENGTH - 3) + 0; if (x > m) m = x
            match($0, / S: *[-0-9.]+/); x = substr($0, RSTART + 3, RLENGTH - 3) + 0; if (x > s) s = x
        } END { print "m:", m; print "s:", s }' >loudest
    agree 'momentary loudness' "$(figure momentary_loudness)" "$(of 'm:' loudest)"
    agree 'short-term loudness' "$(figure short_term_loudness)" "$(of 's:' loudest)"
}

expect 0 render -q -o focus.wav --preset focus --seed 5 -d 20s
expect 0 render -q -o sleep.flac -r 44100 --preset sleep --seed 5 --start 3m -d 30s
expect 0 render -q -o wide.wav -r 96000 --preset bright --seed 6 -d 12s
sox -q -R -n -r 44100 -c 1 -b 24 tone.wav synth 12 sine 997.3 tremolo 0.3 60 gain -9 2>/dev/null
sox -q -R -n -r 48000 -c 2 -b 32 noise.wav synth 12 pinknoise gain -12 dcshift 0.01 2>/dev/null
for name in focus.wav sleep.flac wide.wav tone.wav noise.wav; do beside_ffmpeg $name; done

# Clean material has no click; planted ones of -50 dB are found where they are.
for name in focus.wav sleep.flac tone.wav noise.wav; do
    expect 0 analyze --json $name
    [ "$(figure clicks)" = 0.0 ] || [ "$(figure clicks)" = 0 ] || fault "$name: $(figure clicks) clicks"
done
for preset in $("$auralis" presets | cut -d' ' -f1); do
    expect 0 render -q -o preset.wav --preset "$preset" --seed 9 -d 25s
    expect 0 analyze preset.wav
    says 'Clicks  *0$' 'Gaps  *0$' 'Samples not finite  *0$' 'Denormal samples  *0$'
done
sox -q -R -n -r 48000 -c 2 -b 24 soft.wav synth 6 sine 220 fade 0.5 6 0.5 gain -20 2>/dev/null
sox -q -R -n -r 48000 -c 2 -b 24 one.wav synth 1s square 1 gain -50 2>/dev/null # a single frame
sox -q -R one.wav click.wav pad 144000s@0s 2>/dev/null
sox -q -R -m -v 1 soft.wav -v 1 click.wav clicked.wav 2>/dev/null
expect 0 analyze clicked.wav
says 'Clicks  *2' 'click at 0:00:03.000, left, -50' 'click at 0:00:03.000, right'

# Comparison.
expect 0 analyze focus.wav focus.wav
says 'not one of 960000 frames differs'
expect 0 render -q -o other.wav -f 24 --preset focus --seed 5 -d 20s
expect 1 analyze focus.wav other.wav
says 'Differing samples' 'Difference, peak' 'Spectral distance'
expect 0 analyze focus.wav other.wav --tolerance -130
expect 1 analyze focus.wav other.wav --tolerance -150
expect 1 analyze focus.wav noise.wav --json
says '"first_frame":0,'
expect 2 analyze focus.wav sleep.flac
complains 'sleep.flac 44100 Hz'

# Pictures and pages, which need nothing else.
expect 0 analyze focus.wav --png picture.png --html page.html
[ "$(od -An -tx1 -N4 picture.png | tr -d ' ')" = 89504e47 ] || fault 'picture.png is no PNG'
grep -q 'data:image/png;base64' page.html || fault 'the page has no picture'
! grep -qi 'http\|<script\|<link' page.html || fault 'the page needs more than itself'
expect 0 analyze focus.wav sleep.flac wide.wav --json
[ "$(grep -c integrated_loudness out)" = 3 ] || fault 'not three objects'

# Scores: what the composer writes, phrases, MIDI files.
expect 0 analyze --score --preset sleep --seed 7 -d 2h
says 'Key  *E phrygian$' 'V-I cadences  *0$' 'changing every' 'Longest repetition'
expect 0 analyze --score --preset sleep --seed 7 -d 8h --json
[ "$(figure seconds)" = 28800.000 ] || fault "$(figure seconds) seconds of score"
echo "$(figure inside_share) $(figure change_mean)" | awk '{ exit !($1 >= 0.95 && $2 >= 30 && $2 <= 90) }' ||
    fault "sleep: $(figure inside_share) inside, changes every $(figure change_mean) s"
[ "$(grep -o '"notes_per_minute":\[[^]]*' out | tr ',' '\n' | grep -c .)" = 480 ] || fault 'not 480 minutes'
expect 0 analyze --score "$data/phrases/W2.json"
says 'Key  *A aeolian (found)' '6 chords'
expect 0 analyze --score --key D --mode dorian --json "$(ls "$data"/midi/*.mid | head -1)"
says '"key":"D dorian","key_found":false'
expect 1 analyze --score nowhere.mid
complains 'cannot read nowhere.mid'
expect 2 analyze --score words.txt words.txt
complains 'one file at a time'
expect 2 analyze --score "$data/phrases/W2.json" -d 1h
complains 'does not go with a score that is written'

# What cannot be.
expect 1 analyze nowhere.wav
complains 'cannot read nowhere.wav: No such file'
echo words >words.wav
expect 2 analyze words.wav
complains 'words.wav: '
sox -q -n -r 48000 -c 6 six.wav synth 1 sine 440 2>/dev/null
expect 2 analyze six.wav
complains 'six.wav: has 6 channels'
expect 2 analyze
complains 'which file'
expect 2 analyze focus.wav wide.wav --png no.png
complains 'one sound file'
expect 2 analyze focus.wav --tolerance -20
complains 'two sound files'
expect 2 analyze focus.wav wide.wav --tolerance loud
complains 'from -200 to 0'
expect 2 analyze focus.wav --preset sleep
complains 'go with --score'
expect 1 analyze focus.wav --png nowhere/no.png
complains 'cannot write nowhere/no.png'
absent no.png
finish
