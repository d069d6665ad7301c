-- Drops the functions that the sync's triggers call. Locks nothing.
DROP FUNCTION IF EXISTS
:"ledger".sync_follow_plain_jsonb(uuid), :"ledger".sync_follow_jsonb(uuid []), :"ledger".sync_follow_plain_grants(uuid), :"ledger".sync_follow_junction(uuid []), :"ledger".sync_quarantine(uuid []),
:"ledger".sync_rewrite(jsonb, jsonb, integer [], numeric []), :"ledger".sync_decision(text [], text []),
:"ledger".sync_move_model(uuid, uuid), :"ledger".sync_move_tier(integer, integer)
RESTRICT
