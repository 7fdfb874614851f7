# auralis.bash — completion of the command line in bash. It asks the program itself for commands and options, so it knows
# what this build knows.
_auralis() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} program=${COMP_WORDS[0]} command=${COMP_WORDS[1]}
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    local commands
    commands=$("$program" --help 2>/dev/null | sed -n '/^Commands/,/^$/s/^  \([a-z]*\) .*/\1/p')
    COMPREPLY=($(compgen -W "$commands --help --version" -- "$cur"))
    return
  fi
  case $prev in
    -p | --preset)
      COMPREPLY=($(compgen -W "$("$program" presets 2>/dev/null | sed -n 's/^\([a-z]*\) .*/\1/p')" -- "$cur"))
      return
      ;;
    --stems | --state-dir)
      compopt -o filenames
      COMPREPLY=($(compgen -d -- "$cur"))
      return
      ;;
    --enable-*)
      COMPREPLY=($(compgen -W 'on off' -- "$cur"))
      return
      ;;
  esac
  if [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$("$program" "$command" --help 2>/dev/null | grep -oE '^ +(-[a-z], )?--[a-z0-9-]+' | grep -oE '\-\-[a-z0-9-]+')" -- "$cur"))
  else
    compopt -o filenames
    COMPREPLY=($(compgen -f -- "$cur"))
  fi
}
complete -F _auralis auralis
