#!/usr/bin/env python3
"""Turns the files of the page into one C source, so that the program carries its own page and needs no
folder beside it. Each file becomes a constant array with its path, media type and an ETag made from
its content: a browser asks again and is told in one line that nothing has changed."""
import hashlib
import os
import sys

MEDIA = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}


def array(index, data):
    """A string literal would be shorter, but C limits its length."""
    rows = (data[i:i + 24] for i in range(0, len(data), 24))
    body = "\n".join("    " + "".join(f"{byte}," for byte in row) for row in rows)
    return f"static const unsigned char FILE_{index}[] = {{\n{body}\n}};\n"


def entry(index, path, data):
    name = os.path.basename(path)
    media = MEDIA[os.path.splitext(name)[1]]
    etag = hashlib.sha256(data).hexdigest()[:16]
    return f'    {{"/{name}", FILE_{index}, {len(data)}, "{media}", "\\"{etag}\\""}},\n'


def main(output, inputs):
    files = []
    for path in inputs:
        with open(path, "rb") as file:
            files.append((path, file.read()))
    text = '/* Generated from web/ by embed.py. */\n#include "server/web_table.h"\n\n'
    text += "".join(array(i, data) for i, (_, data) in enumerate(files))
    text += "\nconst struct web_entry web_table[] = {\n"
    text += "".join(entry(i, path, data) for i, (path, data) in enumerate(files))
    text += f"}};\nconst int web_table_size = {len(files)};\n"
    with open(output, "w") as out:
        out.write(text)


main(sys.argv[1], sys.argv[2:])
