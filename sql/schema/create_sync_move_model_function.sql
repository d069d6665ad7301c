-- Creates the function that makes grants and ledger follow a model to another id: every table of ours that names a model. Locks the rows that it writes.
-- Where the keys are at work they have moved the grants; an apply worker fires no foreign key. What the ledger still
-- holds under the new id is of a model that is no more; its captured values stay, under an id that nobody has: by their
-- number a run sees whether some are gone.
CREATE OR REPLACE FUNCTION :"ledger".sync_move_model(p_from uuid, p_to uuid) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE tierflow.sync_grant AS access SET model_id = p_to WHERE access.model_id = p_from;
    DELETE FROM tierflow.quarantine AS stored WHERE stored.model_id = p_to;
    UPDATE tierflow.quarantine AS stored SET model_id = p_to WHERE stored.model_id = p_from;
    DELETE FROM tierflow.reconciled_grant AS agreed WHERE agreed.model_id = p_to;
    UPDATE tierflow.reconciled_grant AS agreed SET model_id = p_to WHERE agreed.model_id = p_from;
    UPDATE tierflow.captured AS stored SET model_id = gen_random_uuid() WHERE stored.model_id = p_to;
    UPDATE tierflow.captured AS stored SET model_id = p_to WHERE stored.model_id = p_from;
END
$$
