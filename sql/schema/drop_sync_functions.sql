-- Drops the sync's trigger functions and by CASCADE their triggers, which on the tiers only their owner could drop. Takes ACCESS EXCLUSIVE on the models, the tiers and the junction table, for an instant.
DROP FUNCTION IF EXISTS
:"ledger".sync_key(), :"ledger".sync_note(), :"ledger".sync_models(), :"ledger".sync_lock(), :"ledger".sync_grants(), :"ledger".sync_tiers()
CASCADE
