-- Creates the function that a plan asks once, when it is made, whether the table under a view of the sync may refuse what the sync writes; who reads that view in the same statement is asked anew after any change of the table. Locks nothing.
-- A write that may be refused needs a subtransaction, and to look for a rule at each write costs as much. IMMUTABLE, which it
-- is not: so PostgreSQL folds it into the plan, and makes the plan anew when a table in it gets a trigger, a constraint, an
-- index or a column. What a trigger's function does may change unseen, so any trigger counts. An older snapshot may not show
-- the rule for which the plan is made anew: there the answer is yes.
CREATE OR REPLACE FUNCTION :"ledger".sync_is_ruled(p_view text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN current_setting('transaction_isolation') <> 'read committed' OR tierflow.sync_has_rules(p_view);
END
$$
