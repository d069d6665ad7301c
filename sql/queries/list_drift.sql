-- Returns each grant on which JSONB and junction table differ, with the markup on either side (NULL: no grant), for the models of some buckets (NULL: all). Reads only.
SELECT
    coalesce(implied.model_id, access.model_id) AS model_id,
    model.model_id::text AS model,
    tier.tier_code::text AS tier,
    implied.markup_multiplier AS jsonb_markup,
    access.markup_multiplier AS junction_markup
FROM (
    SELECT said.model_id, said.tier_id, said.markup_multiplier FROM :"ledger".implied_grant AS said
    WHERE :'buckets'::integer [] IS NULL OR uuid_hash(said.model_id) & 255 = ANY(:'buckets'::integer [])
) AS implied
FULL JOIN (
    SELECT given.model_id, given.tier_id, given.markup_multiplier FROM :"schema".tier_model_access AS given
    WHERE given.enabled AND (:'buckets'::integer [] IS NULL OR uuid_hash(given.model_id) & 255 = ANY(:'buckets'::integer []))
) AS access ON implied.model_id = access.model_id AND implied.tier_id = access.tier_id
INNER JOIN :"schema".model_access_control AS model ON model.id = coalesce(implied.model_id, access.model_id)
INNER JOIN :"schema".subscription_tiers AS tier ON tier.id = coalesce(implied.tier_id, access.tier_id)
WHERE implied.markup_multiplier IS DISTINCT FROM access.markup_multiplier
ORDER BY 2, 3
