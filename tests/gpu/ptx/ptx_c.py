#!/usr/bin/env python3
"""Turns the kernels' PTX into C that does what each instruction says: ptx_c.py PROGRAM.PTX OUT.C.

So the very text that a driver gets runs where there is no GPU, in place of shim.c, and its instructions are counted.
An instruction that is not known here ends the translation: nothing is guessed. Semantics: NVIDIA's PTX ISA 6.3."""
import re
import sys

KINDS = {"u16": "uint16_t", "b16": "uint16_t", "u32": "uint32_t", "b32": "uint32_t", "s32": "int32_t",
         "u64": "uint64_t", "b64": "uint64_t", "s64": "int64_t", "f32": "float", "pred": "_Bool"}
REGISTERS = {"rs": "uint16_t", "r": "uint32_t", "rd": "uint64_t", "f": "float", "p": "_Bool", "SP": "uint64_t", "SPL": "uint64_t"}
SYMBOLS = {"add": "+", "sub": "-", "mul": "*", "and": "&", "or": "|", "xor": "^", "div": "/"}
COMPARED = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
SPECIAL = {"%tid.x": "fiber_item", "%ctaid.x": "fiber_group"}


def name_of(symbol):
    return "p_" + re.sub(r"\W", "_", symbol.lstrip("%$"))


def value(operand):
    """An operand as C: a register, a special one, a number, the bits of a float, or an address."""
    if operand in SPECIAL:
        return SPECIAL[operand]
    if re.fullmatch(r"-?\d+", operand):
        return f"({operand}LL)"
    if re.fullmatch(r"0f[0-9A-Fa-f]{8}", operand):
        return f"float_of(0x{operand[2:]}u)"
    return name_of(operand) if operand.startswith("%") else f"(uint64_t)(uintptr_t){name_of(operand)}"


def as_kind(kind, operand):
    """Its value as of a kind; bits stay bits where a float meets an integer."""
    is_float = operand.startswith("0f") or re.match(r"%f\d", operand)
    if kind in ("b32", "u32", "s32") and is_float:
        return f"({KINDS[kind]})bits_of({value(operand)})"
    if kind == "f32" and re.match(r"%r\d", operand):
        return f"float_of({value(operand)})"
    return f"({KINDS[kind]})({value(operand)})"


def give(target, kind, what):
    """Assigns; a 32-bit pattern may go to a float's register."""
    if re.match(r"%f\d", target) and kind != "f32":
        what = f"float_of((uint32_t)({what}))"
    elif not re.match(r"%f\d", target) and kind == "f32":
        what = f"bits_of({what})"
    return f"{name_of(target)} = {what};"


def memory(parts, operands):
    """A load or store of one value, two or four."""
    load, space = parts[0] == "ld", parts[1]
    vector, kind = (int(parts[2][1]), parts[3]) if len(parts) == 4 else (1, parts[2])
    at, registers = (operands[1], operands[0]) if load else (operands[0], operands[1])
    found = re.fullmatch(r"\[([%$\w]+)(?:\+(-?\d+))?\]", at)
    if space == "param":
        number = found.group(1).rsplit("_", 1)[1]
        return give(registers, kind, f"*({KINDS[kind]} *)shim_argument[{number}]")
    address = f"(char *)(uintptr_t)({value(found.group(1))}) + ({found.group(2) or 0})"
    out = []
    for i, register in enumerate(re.findall(r"[%\w.-]+", registers)):
        if load:
            out.append(f"{{ {KINDS[kind]} x; memcpy(&x, {address} + {i} * (int)sizeof x, sizeof x); {give(register, kind, 'x')} }}")
        else:
            out.append(f"{{ {KINDS[kind]} x = {as_kind(kind, register)}; memcpy({address} + {i} * (int)sizeof x, &x, sizeof x); }}")
    assert len(out) == vector
    return " ".join(out)


def statement(operation, operands):
    parts = operation.split(".")
    what, kind = parts[0], parts[-1]
    if what in ("ld", "st"):
        return memory(parts, operands)
    if what == "bra":
        return f"goto {name_of(operands[0])};"
    if what == "ret":
        return "return;"
    if what == "bar" and operands == ["0"]:
        return "fiber_barrier();"
    args = [as_kind(kind, o) for o in operands[1:]] if kind in KINDS else []
    if operation == "mov.b32" or operation in ("mov.u32", "mov.u64", "mov.f32", "mov.pred"):
        return give(operands[0], kind, args[0])
    if what in SYMBOLS and (parts[1:] == ["rn", "f32"] or len(parts) == 2 or operation in ("mul.lo.s32", "mul.lo.s64")):
        if kind in ("s32", "s64"):  # they wrap around
            kind = "u" + kind[1:]
            args = [as_kind(kind, o) for o in operands[1:]]
        if what in SYMBOLS and what != "div" or operation == "div.u32":
            return give(operands[0], kind, f"{args[0]} {SYMBOLS[what]} {args[1]}")
    if operation in ("mul.wide.s32", "mul.wide.u32"):
        wide = "int64_t" if kind == "s32" else "uint64_t"
        return give(operands[0], "u64", f"(uint64_t)(({wide}){args[0]} * ({wide}){args[1]})")
    if operation == "mad.lo.s32":
        a, b, c = (as_kind("u32", o) for o in operands[1:])
        return give(operands[0], "u32", f"{a} * {b} + {c}")
    if what in ("min", "max") and len(parts) == 2:
        if kind == "f32":
            return give(operands[0], kind, f"{what}_float({args[0]}, {args[1]})")
        return give(operands[0], kind, f"{args[0]} {'<' if what == 'min' else '>'} {args[1]} ? {args[0]} : {args[1]}")
    if operation == "abs.s32":
        return give(operands[0], kind, f"{args[0]} < 0 ? 0 - {as_kind('u32', operands[1])} : {as_kind('u32', operands[1])}")
    if operation == "neg.s32":
        return give(operands[0], "u32", f"0 - {as_kind('u32', operands[1])}")
    if operation == "not.b32":
        return give(operands[0], kind, f"~{args[0]}")
    if operation == "clz.b32":
        return give(operands[0], "u32", f"{args[0]} ? __builtin_clz({args[0]}) : 32")
    if operation in ("shl.b32", "shl.b64", "shr.u32", "shr.s32"):
        bits, n = int(kind[1:]), as_kind("u32", operands[2])
        past = f"{args[0]} >> {bits - 1}" if kind == "s32" else "0"
        return give(operands[0], kind, f"{n} < {bits} ? {args[0]} {'<<' if what == 'shl' else '>>'} {n} : {past}")
    if what == "setp" and len(parts) == 3:
        return give(operands[0], "pred", f"{args[0]} {COMPARED[parts[1]]} {args[1]}")
    if what == "selp":
        return give(operands[0], kind, f"{value(operands[3])} ? {args[0]} : {args[1]}")
    if what == "cvt":
        to, origin = parts[-2], parts[-1]
        if parts[1:] in (["rzi", "s32", "f32"], ["rzi", "u32", "f32"]):
            return give(operands[0], to, f"truncated_{to}({args[0]})")
        if (parts[1] == "rn" and to == "f32" and origin != "f32") or (len(parts) == 3 and "f32" not in parts):
            return give(operands[0], to, f"({KINDS[to]}){args[0]}")
    raise SystemExit(f"ptx_c.py: {operation} {operands}: not known")


PREAMBLE = """/* Made by ptx_c.py of the PTX that is embedded. */
#include "shim.h"
#include "fibers.h"
#include <stdint.h>
#include <string.h>
int shim_together;
unsigned long ptx_executed;
static void **shim_argument;
static inline uint32_t bits_of(float x) { uint32_t b; memcpy(&b, &x, 4); return b; }
static inline float float_of(uint32_t b) { float x; memcpy(&x, &b, 4); return x; }
static inline float min_float(float a, float b) {
    return a != a ? b : b != b ? a : a < b || (a == b && bits_of(a) >> 31) ? a : b;
}
static inline float max_float(float a, float b) {
    return a != a ? b : b != b ? a : a > b || (a == b && !(bits_of(a) >> 31)) ? a : b;
}
static inline int32_t truncated_s32(float x) {
    return x != x ? 0 : x >= 0x1p31f ? INT32_MAX : x < -0x1p31f ? INT32_MIN : (int32_t)x;
}
static inline uint32_t truncated_u32(float x) {
    return !(x > 0) ? 0 : x >= 0x1p32f ? UINT32_MAX : (uint32_t)x;
}
"""


def body_of(text):
    """Statements of an entry, and its registers."""
    depot, registers, lines, run = "", {}, [], []

    def flush():
        if run:
            lines.append(f"    ptx_executed += {len(run)};")
            lines.extend(run)
            run.clear()

    for line in text.splitlines():
        line = line.split("//")[0].strip().rstrip(";")
        found = re.match(r"\.(local|shared)\s+\.align (\d+) \.b8\s+([\w$]+)\[(\d+)\]", line)
        label = re.fullmatch(r"(\$?\w+):", line)
        if found:
            # a group runs at a time: what it shares may be static
            depot += f"    {'static ' if found.group(1) == 'shared' else ''}_Alignas({found.group(2)}) char {name_of(found.group(3))}[{found.group(4)}];\n"
        elif label:
            flush()
            lines.append(f"{name_of(label.group(1))}:;")
        elif line and line[0] not in ".{}":
            found = re.fullmatch(r"(?:@(!?)(%p\d+)\s+)?([a-z0-9_.]+)(?:\s+(.*))?", line)
            operands = re.findall(r"\{[^}]*\}|\[[^\]]*\]|[^,\s]+", found.group(4) or "")
            for register in re.findall(r"%(rs|rd|r|f|p|SPL|SP)(\d*)", line):
                if not line.startswith(".reg"):
                    registers["%" + "".join(register)] = REGISTERS[register[0]]
            condition = f"if ({found.group(1)}{name_of(found.group(2))}) " if found.group(2) else ""
            run.append(f"    {condition}{{ {statement(found.group(3), operands)} }}")
            if found.group(3).startswith("bra"):
                flush()
    flush()
    declared = "".join(f"    {kind} {name_of(r)} = 0;\n" for r, kind in sorted(registers.items()))
    return depot + declared + "\n".join(lines)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        text = file.read()
    out = [PREAMBLE]
    for align, name, size, values in re.findall(r"\.const \.align (\d+) \.b8 ([\w$]+)\[(\d+)\] = \{([^}]*)\}", text):
        out.append(f"static const _Alignas({align}) unsigned char {name_of(name)}[{size}] = {{{values}}};")
    entries = re.findall(r"\.entry (\w+)\(.*?\)[^{]*\{(.*?)\n\}", text, re.S)
    if not entries:
        raise SystemExit("ptx_c.py: no entries")
    for name, body in entries:
        out.append(f"static void ptx_{name}(void) {{\n{body_of(body)}\n}}")
    out.append("int shim_run(const char *entry, unsigned groups, void **arguments) {\n    void (*body)(void) = 0;\n    shim_argument = arguments;")
    for name, body in entries:
        out.append(f'    if (!strcmp(entry, "{name}")) body = ptx_{name}, shim_together = {int("bar.sync" in body)};')
    out.append("    int result = body ? fibers_run(body, groups) : -1;\n    shim_together = 0;\n    return result;\n}")
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        file.write("\n".join(out) + "\n")


main()
