#!/bin/sh
# spaces.sh CLANG TEXT FOLDER: whether the Metal text says of every pointer what memory it points to, and never takes one kind for another.
# clang knows the rules from C++ for OpenCL; a pointer that says nothing is generic there, which Metal does not have.
flags="-x cl -cl-std=clc++ -target spir64 -fsyntax-only -Wno-unknown-attributes -Wno-unknown-pragmas -I $3"
"$1" $flags -Werror "$2" || exit 1
silent=$("$1" $flags -Xclang -ast-dump "$2" | grep -E "(Decl|Cast|Operator).*__generic [^&']*\*")
[ -z "$silent" ] && exit 0
echo "pointers that do not say where they point:"
echo "$silent" | head -20
exit 1
