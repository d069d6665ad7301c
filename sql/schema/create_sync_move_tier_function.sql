-- Creates the function that makes grants and ledger follow a tier to another id: every table of ours that names a tier by its number. Locks the rows that it writes.
-- Where the keys are at work they have moved the grants; an apply worker fires no foreign key. What the ledger still
-- holds under the new id is of a tier that is no more.
CREATE OR REPLACE FUNCTION :"ledger".sync_move_tier(p_from integer, p_to integer) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE tierflow.sync_grant AS access SET tier_id = p_to WHERE access.tier_id = p_from;
    DELETE FROM tierflow.tier_map AS map WHERE map.tier_id = p_to;
    UPDATE tierflow.tier_map AS map SET tier_id = p_to WHERE map.tier_id = p_from;
    DELETE FROM tierflow.write_code AS settled WHERE settled.tier_id = p_to;
    UPDATE tierflow.write_code AS settled SET tier_id = p_to WHERE settled.tier_id = p_from;
    DELETE FROM tierflow.reconciled_grant AS agreed WHERE agreed.tier_id = p_to;
    UPDATE tierflow.reconciled_grant AS agreed SET tier_id = p_to WHERE agreed.tier_id = p_from;
END
$$
