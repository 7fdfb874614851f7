#compdef auralis
# auralis.zsh — completion of the command line in zsh, from what the program says of itself.
local -a commands options
if (( CURRENT == 2 )); then
  commands=(${(f)"$($words[1] --help 2>/dev/null | sed -n '/^Commands/,/^$/s/^  \([a-z]*\) *\(.*\)/\1:\2/p')"})
  _describe command commands
elif [[ $words[CURRENT] == -* ]]; then
  options=(${(f)"$($words[1] $words[2] --help 2>/dev/null | grep -oE '^ +(-[a-z], )?--[a-z0-9-]+' | grep -oE '\-\-[a-z0-9-]+')"})
  compadd -- $options
else
  _files
fi
