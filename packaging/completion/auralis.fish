# auralis.fish — completion of the command line in fish, from what the program says of itself.
function __auralis_commands
    auralis --help 2>/dev/null | sed -n '/^Commands/,/^$/s/^  \([a-z]*\) *\(.*\)/\1\t\2/p'
end
function __auralis_options
    set -l words (commandline -opc)
    auralis $words[2] --help 2>/dev/null | string match -rg -- '--([a-z0-9-]+)' | sort -u | sed 's/^/--/'
end
complete -c auralis -n __fish_use_subcommand -f -a '(__auralis_commands)'
complete -c auralis -n 'not __fish_use_subcommand' -a '(__auralis_options)'
