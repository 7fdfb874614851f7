#!/usr/bin/env python3
"""Writes a C header that holds a text file as a string: embed_text.py NAME IN OUT."""
import sys

name, source, target = sys.argv[1:]
with open(source, encoding="utf-8") as file:
    lines = [line for line in file.read().splitlines() if line.strip()]
with open(target, "w", encoding="utf-8") as file:
    file.write(f"/* Made by tools/embed_text.py. */\nstatic const char {name}[] =\n")
    for line in lines:
        escaped = line.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
        file.write(f'"{escaped}\\n"\n')
    file.write(";\n")
