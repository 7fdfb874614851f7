#!/bin/sh
# Help, version and the answers to what does not exist: text, stream and exit status.
auralis=$1
. "$(dirname "$0")/lib.sh"

expect 0 --help
says 'usage: auralis COMMAND' 'render' 'presets' '130'
expect 0 help
expect 0 render --help
says '--output' '--bpm N' 'Examples' 'Exit status'
expect 0 help render
says '--output'
expect 0 presets -h
says '--json'
expect 0 --version
says 'auralis [0-9]*\.[0-9]*\.[0-9]*' 'kernels:.*scalar' 'files:.*wav'
expect 0 presets
says '^focus ' '^sleep '
expect 0 presets Sleep
says 'mode  *phrygian' 'bpm  *40 bpm'

expect 2
complains 'usage: auralis'
expect 2 rendr
complains '"rendr"; the nearest is render'
expect 2 --vers
complains '--vers; the nearest is --version'
expect 2 help rendr
complains '"rendr"'
expect 2 presets --jason
complains '--jason; the nearest is --json'
expect 2 presets slepe
complains '"slepe"; the nearest is sleep'
expect 2 presets focus sleep
complains '"sleep" is too many'
expect 2 presets --json=yes
complains '--json takes no value'
finish
