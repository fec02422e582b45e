#!/bin/sh
# Compares the generated part of man/ringwall.toml.5 with what the schema table prints.
#   agrees.sh RINGWALL-SCHEMA PAGE             fails and shows the difference
#   agrees.sh RINGWALL-SCHEMA PAGE --renew     writes the table's text into the page
set -eu
schema=$1
page=$2
begin='^\.\\" BEGIN generated'
end='^\.\\" END generated'
wanted=$(mktemp)
trap 'rm -f "$wanted" "$wanted.page"' EXIT
"$schema" > "$wanted"
if [ "${3:-}" = --renew ]; then
  sed -e "/$begin/,/$end/{/$begin/{p;r $wanted
}
/$end/p
d
}" "$page" > "$wanted.page"
  cat "$wanted.page" > "$page"
  exit 0
fi
sed -n -e "/$begin/,/$end/p" "$page" | sed -e '1d' -e '$d' > "$wanted.page"
if ! diff -u "$wanted.page" "$wanted"; then
  echo "$page is not what conf/schema.cc says; renew it with" >&2
  echo "  $0 $schema $page --renew" >&2
  exit 1
fi
