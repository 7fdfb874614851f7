#!/bin/sh
# The library as a stranger meets it: installed under a prefix, found by pkg-config, with nothing in it but auralis_*.
#   library.sh PROGRAM BUILD-FOLDER SOURCE-FOLDER COMPILER…
auralis=$1 build=$2 source=$3
shift 3
. "$(dirname "$0")/lib.sh"
asked=library

# Only what is installed: a build of its own would take minutes.
DESTDIR=$folder/root meson install -C "$build" --no-rebuild --quiet || fault 'meson install failed'
pc=$(find root -name auralis.pc)
[ -n "$pc" ] || fault 'no auralis.pc'
prefix=$(sed -n 's/^prefix=//p' "$pc")
export PKG_CONFIG_PATH="$folder/$(dirname "$pc")" PKG_CONFIG_SYSROOT_DIR="$folder/root"
"$@" "$source/examples/render_wav.c" -o render_wav $(pkg-config --cflags --libs auralis) || fault 'cannot build against it'
library=$(find root -name 'libauralis.so.0')
[ -n "$library" ] || fault "no libauralis.so.0 under $prefix"
LD_LIBRARY_PATH="$folder/$(dirname "$library")" ./render_wav stranger.wav 7 || fault 'the stranger does not run'
"$auralis" render -q -o ours.wav --seed 7 --duration 10 -f 16
[ "$(wc -c <stranger.wav)" = $((44 + 480000 * 4)) ] || fault 'the WAV has another length'
[ "$(head -c 40 stranger.wav | od -An -tx1)" = "$(head -c 40 ours.wav | od -An -tx1)" ] || fault 'the headers differ'

# Every header compiles on its own, as C99 and as C++.
for header in "root$prefix"/include/auralis/*.h; do
    "$@" -std=c99 -Wall -Wextra -pedantic -Werror -I"root$prefix/include" -x c -fsyntax-only "$header" || fault "$header as C"
done
if command -v c++ >/dev/null; then
    echo '#include <auralis/auralis.h>' >all.cc
    c++ -Wall -Wextra -Werror -I"root$prefix/include" -fsyntax-only all.cc || fault 'the headers as C++'
fi

readelf -d "$library" >dynamic
grep -q 'SONAME.*\[libauralis\.so\.0\]' dynamic || fault 'the SONAME is not libauralis.so.0'
needed=$(sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' dynamic)
for name in $needed; do
    case $name in libc.so.* | ld-linux* | libasan.so.* | libubsan.so.* | libtsan.so.*) ;; *) fault "the library needs $name" ;; esac
done
strangers=$(nm -D --defined-only "$library" | awk '{print $3}' | grep -v '^auralis_')
[ -z "$strangers" ] || fault "exported, though not ours to export: $strangers"
finish
