#!/usr/bin/env python3
"""Makes Metal Shading Language of the kernels' preprocessed text: metal_text.py IN OUT.

In that language every pointer says what kind of memory it points to. The kernels' text says so for all but an item's
own, which is `thread` there: a pointer, or an array that is a parameter, without a kind gets that one.
"""
import re
import sys

KIND = r"(?:device|threadgroup|constant|thread)\s+"
TYPE = r"(?:const\s+)?(?:struct\s+\w+|void|int|float|v[fiu]|u?int\d+_t)"
POINTER = re.compile(rf"({KIND})?\b({TYPE}\s*\*)")
ARRAY = re.compile(rf"([(,]\s*)({TYPE}\s+)(\w+)\[[^]]*\](?=[,)])")
POINTER_TO_POINTER = re.compile(r"\*(\s*const)?\s*\*")

source, target = sys.argv[1:]
with open(source, encoding="utf-8") as file:
    text = file.read()
text = POINTER.sub(lambda m: (m[1] or "thread ") + m[2], text)
text = ARRAY.sub(r"\1thread \2*\3", text)
text = POINTER_TO_POINTER.sub(r"*\1 thread *", text)
with open(target, "w", encoding="utf-8") as file:
    file.write("#include <metal_stdlib>\n" + text)
