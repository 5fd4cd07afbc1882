#!/bin/sh
# msaccucmp: the Python program of this toolkit tree.
exec python3 "$(dirname "$(readlink -f "$0")")/../toolkit/tools/operator_cmp/compare/msaccucmp.py" "$@"
