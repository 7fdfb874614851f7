#!/bin/sh
# Rendering to files: what each format holds, what is refused and why, and that nothing half-done is ever left.
auralis=$1
. "$(dirname "$0")/lib.sh"

probe() { ffprobe -v error -select_streams a:0 -show_entries "stream=$2" -of default=nk=1:nw=1 "$1" | tr '\n' ' '; }
holds() { # holds FILE ENTRIES EXPECTED
    found=$(probe "$1" "$2")
    [ "$found" = "$3 " ] || fault "$asked: $1 has '$found', not '$3'"
}
nothing_left() {
    found=$(ls -A | grep '^\.auralis')
    [ -z "$found" ] || fault "$asked: left $found behind"
}

# Formats. ffprobe lists codec, rate and channels in that order.
for format in 16:pcm_s16le 24:pcm_s24le float:pcm_f32le; do
    expect 0 render -q -o a.wav -d 2s -f "${format%:*}"
    holds a.wav codec_name,sample_rate,channels "${format#*:} 48000 2"
    [ "$(soxi -s a.wav)" = 96000 ] || fault "$asked: $(soxi -s a.wav) samples"
done
expect 0 render -q -o a.wav -d 2s -r 96000
holds a.wav codec_name,sample_rate,channels 'pcm_f32le 96000 2'
[ "$(soxi -s a.wav)" = 192000 ] || fault "$asked: $(soxi -s a.wav) samples"
if "$auralis" --version | grep -q 'files:.*flac'; then
    expect 0 render -q -o a.flac -d 2s -r 44100 -f 16
    holds a.flac codec_name,sample_rate,channels,bits_per_raw_sample 'flac 44100 2 16'
    [ "$(soxi -s a.flac)" = 88200 ] || fault "$asked: $(soxi -s a.flac) samples"
    expect 0 render -q -o a.flac -d 2s
    holds a.flac codec_name,sample_rate,channels,bits_per_raw_sample 'flac 48000 2 24'
    # Lossless is lossless.
    expect 0 render -q -o a.wav -d 2s -f 24
    [ "$(sox a.wav -t s24 - | sha256sum)" = "$(sox a.flac -t s24 - | sha256sum)" ] || fault 'FLAC and WAV differ'
    for name in a.opus a.ogg; do
        expect 0 render -q -o $name -d 2s --bitrate 96
        holds $name codec_name,sample_rate,channels 'opus 48000 2'
    done
    expect 0 render -q -o a.mp3 -d 2s -r 44100
    holds a.mp3 codec_name,sample_rate,channels 'mp3 44100 2'
    expect 2 render -o no.opus -r 44100
    complains 'Ogg Opus does not take 44100 Hz; it takes 48000'
    expect 2 render -o no.mp3 -r 96000
    complains 'MP3 does not take 96000 Hz; it takes 44100 and 48000'
    expect 2 render -o no.flac -f float
    complains 'FLAC has no float; it takes 16 and 24'
    expect 2 render -o no.mp3 -f 16
    complains 'MP3 has no sample format'
    expect 2 render -o no.opus --bitrate 5
    complains 'Ogg Opus takes 32 to 510 kbit/s'
    expect 2 render -o no.flac --bitrate 128
    complains 'FLAC is lossless'
fi

# A pipe gets the bytes of a file.
"$auralis" render -q -o - -d 1500ms >/dev/null 2>err && fault 'a time of 1500ms is taken'
"$auralis" render -q -o - -d 1.5 --seed 9 >piped.wav || fault 'a pipe fails'
expect 0 render -q -o a.wav -d 1.5 --seed 9
cmp a.wav piped.wav || fault 'a pipe and a file differ'
"$auralis" render -q -o - -d 1h 2>err | head -c 100000 >/dev/null # the reader goes away; nobody may hang
ln -s /dev/null null.wav
expect 0 render -q -o null.wav -d 1s
[ -L null.wav ] || fault 'a link to a device is replaced by a file'

# Forms of time: all of them 90 seconds, and half a second.
for time in 90 90s 1m30s 1:30 0:01:30 1.5m; do
    expect 0 render -q -o a.wav -d $time -r 44100 -f 16
    [ "$(wc -c <a.wav)" = $((44 + 90 * 44100 * 4)) ] || fault "$asked: $(wc -c <a.wav) bytes"
done
expect 0 render -q -o a.wav -d 0.5 -r 44100 -f 16
[ "$(wc -c <a.wav)" = $((44 + 22050 * 4)) ] || fault "$asked: $(wc -c <a.wav) bytes"
for time in 0 -5 5x 1:90 ten 1e3 '' 1h1h 101000000000; do
    expect 2 render -o no.wav "--duration=$time"
    complains '--duration'
done

# The same seed, the same samples: again, by one thread or two. Another seed, others.
for threads in 1 2; do
    expect 0 render -q -o t$threads.wav -d 5s --seed 7 --threads $threads
done
cmp t1.wav t2.wav || fault 'the threads change the samples'
expect 0 render -q -o other.wav -d 5s --seed 8
cmp -s t1.wav other.wav && fault 'two seeds sound the same'
expect 0 render -q -o later.wav -d 5s --seed 7 --start 1h
cmp -s t1.wav later.wav && fault '--start changes nothing'

# Refusals name what was typed and what is allowed.
expect 2 render
complains 'where to? -o FILE'
expect 2 render -o no.xyz
complains 'no.xyz: the suffix must be .wav, .flac, .opus, .ogg or .mp3'
expect 2 render -o no.wav --rate 22050
complains '--rate "22050": must be 44100, 48000 or 96000'
expect 2 render -o no.wav --format 32
complains 'must be 16, 24 or float'
expect 2 render -o no.wav --seed 18446744073709551616
complains '--seed'
expect 2 render -o no.wav --seed -1
complains '--seed'
expect 2 render -o no.wav --threads 0
complains '--threads "0": must be a whole number from 1 to 64'
expect 2 render -o no.wav --bpm 39
complains '--bpm "39".*40'
expect 2 render -o no.wav --bpm nan
complains '--bpm'
expect 2 render -o no.wav --mode locrian
complains '--mode "locrian".*dorian'
expect 2 render -o no.wav --key H
complains '--key "H"'
expect 2 render -o no.wav --preset slep
complains 'the nearest is sleep'
expect 2 render -o no.wav --inten 1
complains 'there is no option --inten; the nearest is --intensity'
expect 2 render -o no.wav --sed 1
complains 'the nearest is --seed'
expect 2 render -o no.wav -x
complains 'there is no option -x'
expect 2 render -o no.wav --quiet=yes
complains '--quiet takes no value'
expect 2 render -o
complains '-o needs a value'
expect 2 render no.wav
complains '"no.wav" is no option; the file goes after -o'
expect 2 render -o no.wav -o no2.wav
complains 'one file at a time'
expect 2 render -o no.wav --isa mmx
complains '--isa "mmx": there are no such kernels; here are'
absent no.wav no.opus no.mp3 no.flac

# Where files cannot be.
expect 1 render -o nowhere/a.wav -d 1s
complains 'cannot write nowhere/a.wav: No such file'
mkdir folder.wav
expect 1 render -o folder.wav -d 1s
complains 'Is a directory'
mkdir locked && chmod 555 locked
if [ "$(id -u)" != 0 ]; then
    expect 1 render -o locked/a.wav -d 1s
    complains 'cannot write locked/a.wav: Permission denied'
elif command -v setpriv >/dev/null; then # root may write anywhere
    chmod 711 "$folder"
    cp "$auralis" program
    asked='auralis render as nobody'
    setpriv --reuid=65534 --clear-groups ./program render -o locked/a.wav -d 1s 2>err
    [ $? = 1 ] || fault "$asked: not exit 1"
    complains 'cannot write locked/a.wav: Permission denied'
fi

# A disk that is full: nothing is left, and what stood there stays.
echo precious >kept.wav
asked='auralis render with a limit on file sizes'
for name in kept.wav full.flac full.mp3 full.opus; do
    (ulimit -f 40 && exec "$auralis" render -q -o $name -d 60s) 2>err
    [ $? = 1 ] || fault "$asked: $name: not exit 1"
    complains "cannot write $name: File too large"
done
[ "$(cat kept.wav)" = precious ] || fault "$asked: the old file is gone"
absent full.flac full.mp3 full.opus
nothing_left
ln -s /dev/full device.wav
expect 1 render -q -o device.wav -d 10s
complains 'cannot write device.wav: No space left'

# Interrupted: 130, nothing left.
for signal in INT TERM; do
    "$auralis" render -o cut.wav -d 1000h 2>err &
    job=$!
    until ls -A | grep -q '^\.auralis'; do sleep 0.1; done
    kill -$signal $job
    wait $job
    [ $? = 130 ] || fault "SIG$signal: not exit 130"
    complains 'interrupted; nothing was written to cut.wav'
    absent cut.wav
done
nothing_left

# A progress bar on a terminal; none in a pipe.
if command -v script >/dev/null; then
    asked='auralis render on a terminal'
    script -qec "timeout -s INT 2 '$auralis' render -o cut.wav -d 1000h" /dev/null >screen 2>&1 </dev/null
    grep -q '%.*real time.*left' screen || { fault "$asked: no progress bar"; cat screen; }
    script -qec "timeout -s INT 1 '$auralis' render -q -o cut.wav -d 1000h" /dev/null >screen 2>&1 </dev/null
    grep -q 'left' screen && fault "$asked: a bar in spite of --quiet"
    script -qec "'$auralis' render -o - -d 1s" /dev/null >screen 2>&1 </dev/null
    grep -q 'standard output is a terminal' screen || fault "$asked: sound on the terminal"
fi
timeout -s INT 1.5 "$auralis" render -o cut.wav -d 1000h 2>screen
grep -q '%' screen && fault 'a progress bar in a pipe'
expect 0 render -o a.wav -d 1s
complains '^a.wav: 0:00:01.000 at 48000 Hz in .* real time), peak -[0-9.]* dBFS$'
expect 0 render -o a.wav -d 1s -q
[ -s err ] && fault '--quiet says something'
expect 0 render -o a.wav -d 1s --melody-complexity 0.9 --intensity 0.1
complains 'may reduce perceived musicality'
# Stems: six files as long as the whole, which add up to it.
expect 0 render -q --stems parts -o whole.wav --seed 7 --level -12 -d 4s
for name in pads lead bass bells kicks swells; do
    holds parts/$name.wav codec_name,sample_rate,channels 'pcm_f32le 48000 2'
    [ "$(soxi -s parts/$name.wav)" = 192000 ] || fault "$asked: $(soxi -s parts/$name.wav) samples of $name"
done
sox -m -v 1 parts/pads.wav -v 1 parts/lead.wav -v 1 parts/bass.wav -v 1 parts/bells.wav -v 1 parts/kicks.wav \
    -v 1 parts/swells.wav -e float -b 32 sum.wav
rest=$(sox -m -v 1 whole.wav -v -1 sum.wav -n stat 2>&1 | awk '/^Maximum amplitude/ {print ($3 > 0.00001)}')
[ "$rest" = 0 ] || fault "$asked: the stems do not add up to the whole"
expect 2 render --stems parts --dry --score nothing.mid
complains '--stems does not go with --dry'
expect 0 render -q --stems parts -d 1s -f 16
holds parts/pads.wav codec_name,sample_rate,channels 'pcm_s16le 48000 2'
expect 1 render -q --stems nowhere/parts -d 1s
complains 'cannot make the folder nowhere/parts'

finish
