-- Drops the functions that the sync's triggers call. Locks nothing.
DROP FUNCTION IF EXISTS
:"ledger".sync_follow_plain_jsonb(uuid), :"ledger".sync_follow_jsonb(uuid []), :"ledger".sync_follow_plain_grants(uuid), :"ledger".sync_follow_junction(uuid []), :"ledger".sync_quarantine(uuid []),
:"ledger".sync_rewrite(jsonb, jsonb, integer [], numeric []), :"ledger".sync_decision(text [], text []),
:"ledger".sync_note_unsaid(uuid [], text), :"ledger".sync_note_refused(uuid [], integer [], numeric [], text []),
:"ledger".sync_write_grants(uuid [], integer [], numeric [], integer []), :"ledger".sync_carry_jsonb(uuid [], integer [], numeric [], integer []),
:"ledger".sync_follow_grants(uuid []), :"ledger".sync_carry_revocations(uuid, text), :"ledger".sync_carry_grants(uuid []), :"ledger".sync_remove_codes(uuid [], text []),
:"ledger".sync_is_refusal(text), :"ledger".sync_is_ruled(text), :"ledger".sync_has_rules(text), :"ledger".sync_move_model(uuid, uuid), :"ledger".sync_move_tier(integer, integer)
RESTRICT
