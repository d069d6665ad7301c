-- Deletes the versions of a model that were archived before its last one. Locks nothing of the application's.
DELETE FROM pg_temp.restored AS older
USING pg_temp.restored AS newer
WHERE older.id = newer.id AND older.ordinal < newer.ordinal
