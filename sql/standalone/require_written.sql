-- Raises when a change of the junction table did not arrive in the JSONB as it is now. Reads only.
DO $$
DECLARE
    lost text;
BEGIN
    SELECT string_agg(format('%s / %s: JSONB %s, table %s', left_over.model, left_over.tier,
        coalesce(left_over.jsonb_markup::text, 'no grant'), coalesce(left_over.junction_markup::text, 'no grant')), '; ')
    INTO lost
    FROM pg_temp.left_over AS left_over
    WHERE NOT EXISTS (
        SELECT FROM pg_temp.later_change AS later
        WHERE later.model_id = left_over.model_id AND later.tier = left_over.tier AND later.side = 'jsonb'
    );
    IF lost IS NOT NULL THEN
        RAISE EXCEPTION 'Changes of the junction table cannot be written back without loss: %. Nothing was changed.', lost
        USING HINT = 'Correct the JSONB of these models, or give up all later changes with -v restore_snapshot=true.';
    END IF;
END
$$
