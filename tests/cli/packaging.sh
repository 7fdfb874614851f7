#!/bin/sh
# What is installed beside the program: manual pages without a warning that know every option, completion that knows every
# command, a unit that systemd accepts and that gives away few rights. Arguments: the program, the build, the source.
auralis=$1 source=$2
. "$(dirname "$0")/lib.sh"

python3 "$source/packaging/man/man.py" command "$auralis" 1.2.3 >page.1
python3 "$source/packaging/man/man.py" config "$source/packaging/auralis.conf" 1.2.3 >page.5
for command in $("$auralis" --help | sed -n '/^Commands/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
  for option in $("$auralis" "$command" --help | grep -oE '^ +(-[a-z], )?--[a-z0-9-]+' | grep -oE '\-\-[a-z0-9-]+' | sort -u); do
    sed 's/\\-/-/g' page.1 | grep -q -- "^\.B .*$option" || fault "$command $option stands in no manual page"
  done
done
"$auralis" serve --print-config | sed -n '/^\[/q; s/^#*\([a-z0-9_]*\) *=.*/\1/p' >keys
[ "$(wc -l <keys)" -ge 20 ] || fault 'too few keys'
while read -r key; do grep -q "^$key = " page.5 || fault "$key stands in no manual page"; done <keys
if command -v man >/dev/null && man --version >/dev/null 2>&1; then
  for page in page.1 page.5; do
    LC_ALL=C.UTF-8 MANWIDTH=100 man --warnings -l "$PWD/$page" 2>warnings >text </dev/null || true
    [ ! -s warnings ] || { cat warnings; fault "$page has warnings"; }
  done
fi

bash -n "$source/packaging/completion/auralis.bash"
complete_words() { # complete_words WORD… : what bash would offer for the last of them
  bash -c 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _auralis; printf "%s\n" "${COMPREPLY[@]}"' bash \
    "$source/packaging/completion/auralis.bash" "$auralis" "$@" 2>/dev/null
}
complete_words re | grep -qx render || fault 'no command is completed'
complete_words serve --tls | grep -qx -- --tls-key || fault 'no option is completed'
complete_words render --preset sl | grep -qx sleep || fault 'no preset is completed'

# The container is built with every library but those of what it leaves out (analysis, sound card, tests).
sed -n '/^build_packages=(/,/)/p' "$source/scripts/lib.sh" | tr -d '()' | tr ' ' '\n' | grep -E '^[a-z0-9.+-]+-dev$' |
  grep -vE '^lib(kissfft|ebur128|png|cmocka|cairo2)-dev$|^portaudio' >libraries
[ "$(wc -l <libraries)" -ge 10 ] || fault 'too few libraries'
while read -r library; do
  grep -qw -- "$library" "$source/packaging/Containerfile" || fault "the container is built without $library"
done <libraries

if command -v systemd-analyze >/dev/null; then
  sed "s|@BINDIR@/auralis|$auralis|; s|@SYSCONFDIR@|/etc|" "$source/packaging/systemd/auralis.service" >auralis.service
  systemd-analyze verify --man=no "$PWD/auralis.service" 2>verified || true
  ! grep auralis.service verified || fault 'systemd does not accept the unit'
  systemd-analyze security --offline=true --threshold=20 "$PWD/auralis.service" >security || { tail -3 security; fault 'the unit gives away too many rights'; }
fi
finish
