#!/usr/bin/env python3
"""man.py — the man pages, made of what the program and its example configuration say themselves, so that they cannot
say anything else: man.py command AURALIS VERSION writes auralis(1), man.py config FILE VERSION writes auralis.conf(5)."""
import re
import subprocess
import sys

INTRODUCTION = """\
.B auralis
composes and synthesises endless ambient music, live: for one person through a sound card, for thousands over the network,
each with a piece of their own, or into files many times faster than real time. The same seed gives the same samples on
every machine.
.PP
Every command has
.BR \\-\\-help ,
which says the same as this page.
"""

ENDING = """\
.SH FILES
.TP
.I /etc/auralis/auralis.conf
Settings of the server, where the service reads them; see
.BR auralis.conf (5).
.TP
.IR $XDG_STATE_HOME/auralis/auralis.db ", " ~/.local/state/auralis/auralis.db
Presets and stations that were saved (SQLite).
.SH ENVIRONMENT
.TP
.B AURALIS_LISTEN, AURALIS_THREADS, \\(dqAURALIS_\\(dq and any key of the configuration
Settings of
.BR "auralis serve" :
they go before the file, and options before them.
.TP
.B AURALIS_CONFIG
The configuration, where
.B \\-\\-config
does not name one.
.TP
.B AURALIS_TOKENS
Tokens of those who may control stations, with spaces between them.
.TP
.B AURALIS_ISA
Kernels to render with, where
.B \\-\\-isa
does not name them.
.TP
.BR NOTIFY_SOCKET ", " WATCHDOG_USEC
Set by the service manager, see
.BR sd_notify (3).
.SH SEE ALSO
.BR auralis.conf (5)
"""


def escape(text):
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("`", "\\(ga").replace("'", "\\(aq").replace("~", "\\(ti").replace("^", "\\(ha")
    return re.sub(r"^\.", "\\\\&.", text, flags=re.M)


def ask(program, *arguments):
    return subprocess.run([program, *arguments], stdout=subprocess.PIPE, text=True, check=True).stdout


def built(program, name):
    """Whether this build has the command; analyze, for one, needs libraries that a server can do without."""
    return subprocess.run([program, name, "--help"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def options(lines):
    """The lines of a help between two headings, as tagged paragraphs."""
    for line in lines:
        option = re.match(r" {2,6}(-[a-zA-Z], )?(--[a-z0-9-]+[^ ]*(?: [^ ]+)*?)(?: {2,}(.*))?$", line)
        if option:
            yield f".TP\n.B {escape((option[1] or '') + option[2])}\n"
            if option[3]:
                yield escape(option[3]) + "\n"
        elif line.startswith(" " * 20):
            yield escape(line.strip()) + "\n"
        elif line.startswith("  "):
            term = re.match(r"  (\S+(?: \S+)*?)(?: {2,}(.*))?$", line)
            yield f".TP\n.B {escape(term[1])}\n" + (escape(term[2]) if term[2] else "\\&") + "\n" if term else ""
        elif line.strip():
            yield (f".PP\n.B {escape(line)}\n" if re.match(r"[A-Z][A-Za-z' ]*$", line) else escape(line) + "\n")
        else:
            yield ""


def command_page(program, version):
    help_text = ask(program, "--help")
    names = [name for name in re.findall(r"^  ([a-z]+) ", re.search(r"^Commands\n(.*?)\n\n", help_text, re.M | re.S)[1] + "\n", re.M)
             if built(program, name)]
    yield f'.TH AURALIS 1 "" "auralis {version}" "User Commands"\n.SH NAME\nauralis \\- endless ambient music, composed and synthesised live\n'
    yield ".SH SYNOPSIS\n"
    for name in names:
        yield ".B " + escape(re.search(r"usage: (.*)", ask(program, name, "--help"))[1]) + "\n.br\n"
    yield ".SH DESCRIPTION\n" + INTRODUCTION
    for name in names:
        yield f".SH AURALIS {name.upper()}\n"
        yield from options(ask(program, name, "--help").splitlines()[2:])
    yield ".SH EXIT STATUS\n"
    yield from options(re.search(r"^Exit status\n(.*)", help_text, re.M | re.S)[1].splitlines())
    yield ENDING


def config_page(path, version):
    yield f'.TH AURALIS.CONF 5 "" "auralis {version}" "File Formats"\n.SH NAME\nauralis.conf \\- the configuration of auralis serve\n'
    yield ".SH DESCRIPTION\nWhat follows is the example configuration as it is installed: every key with its default.\n"
    literal = False
    for line in open(path, encoding="utf-8").read().splitlines()[2:]:
        text = re.match(r"# (.*)", line)
        code = not text or text[1].startswith("    ")
        if not line or line == "#":
            yield ".PP\n" if not literal else ""
            continue
        if code != literal:
            yield ".PP\n.nf\n.RS\n" if code else ".RE\n.fi\n.PP\n"
            literal = code
        yield escape(text[1].strip() if text else line.lstrip("#")) + "\n"
    if literal:
        yield ".RE\n.fi\n"
    yield ".SH SEE ALSO\n.BR auralis (1)\n"


if __name__ == "__main__":
    kind, source, version = sys.argv[1:4]
    sys.stdout.reconfigure(encoding="utf-8")
    sys.stdout.write("".join(command_page(source, version) if kind == "command" else config_page(source, version)))
