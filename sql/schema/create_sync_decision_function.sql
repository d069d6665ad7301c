-- Creates the function that makes the stored decisions name the tiers as the tier map and the write codes in force do, after tiers were renamed (from, to) or deleted. Locks that row of the ledger where it changes.
CREATE OR REPLACE FUNCTION :"ledger".sync_decision(p_from text [], p_to text []) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE tierflow.decision AS stored
    SET decisions = stored.decisions || named.decisions
    FROM tierflow.decision AS policy
    CROSS JOIN LATERAL jsonb_build_object(
        'tier_map', coalesce((
            SELECT jsonb_object_agg(entry.code, entry.tiers)
            FROM (
                SELECT map.code, jsonb_agg(tier.tier_code ORDER BY place.ordinality, tier.id) AS tiers
                FROM tierflow.tier_map AS map
                INNER JOIN tierflow.sync_tier AS tier ON map.tier_id = tier.id
                LEFT JOIN LATERAL jsonb_array_elements_text(policy.decisions #> ARRAY['tier_map', map.code])
                    WITH ORDINALITY AS place (tier_code, ordinality)
                    ON place.tier_code = coalesce(p_from[array_position(p_to, tier.tier_code)], tier.tier_code)
                GROUP BY map.code
            ) AS entry
        ), '{}'),
        'tier_map_order', coalesce((
            SELECT jsonb_agg(entry.code ORDER BY entry.ordinal, entry.code)
            FROM (
                SELECT map.code, min(map.ordinal) AS ordinal FROM tierflow.tier_map AS map
                INNER JOIN tierflow.sync_tier AS tier ON map.tier_id = tier.id
                GROUP BY map.code
            ) AS entry
        ), '[]'),
        'write_codes', coalesce((
            SELECT jsonb_object_agg(tier.tier_code, settled.code)
            FROM tierflow.write_code AS settled
            INNER JOIN tierflow.sync_tier AS tier ON settled.tier_id = tier.id
        ), '{}')
    ) AS named (decisions)
    WHERE stored.decisions || named.decisions <> stored.decisions;
END
$$
