-- Loads quarantined elements from the client. Locks nothing that the application uses.
COPY :"ledger".quarantine (model_id, model_identifier, position, code, reason, value, tier_codes) FROM STDIN
