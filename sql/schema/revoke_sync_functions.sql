-- Revokes the right to call the functions that run as their owner, which triggers do not need. Locks nothing.
REVOKE ALL ON FUNCTION
:"ledger".sync_key(), :"ledger".sync_note(), :"ledger".sync_models(), :"ledger".sync_lock(), :"ledger".sync_grants(), :"ledger".sync_tiers()
FROM PUBLIC
