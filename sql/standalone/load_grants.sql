-- Fills the bare junction table with all that the JSONB implies, in key order. Takes ROW EXCLUSIVE on it.
INSERT INTO :"target".tier_model_access (model_id, tier_id, markup_multiplier)
SELECT model_id, tier_id, markup_multiplier FROM :"ledger".implied_grant ORDER BY model_id, tier_id
