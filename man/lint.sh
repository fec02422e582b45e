#!/bin/sh
# Checks every manual page of a directory; style remarks (a page that is not installed yet) pass.
#   lint.sh MANDOC DIRECTORY
set -eu
bad=0
for page in "$2"/*.[1578]; do
  "$1" -T lint -W warning "$page" || { echo "not clean: $page" >&2; bad=1; }
done
exit $bad
