#!/bin/sh
# check.sh AURALIS DEVICE: whole streams on the device against the processor. Skipped (77) where there is no such device.
said=$("$1" check --device "$2" 2>&1)
status=$?
echo "$said"
[ $status -eq 2 ] && exit 77
exit $status
