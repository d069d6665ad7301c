-- Returns each grant on which JSONB and junction table differ, with the markup on either side (NULL: no grant), for the models of some buckets (NULL: all), and each orphan: a grant, switched off or not, whose model or tier does not exist. Reads only.
SELECT
    coalesce(implied.model_id, access.model_id) AS model_id,
    coalesce(model.model_id::text, access.model_id::text || ' (no such model)') AS model,
    coalesce(tier.tier_code::text, access.tier_id::text || ' (no such tier)') AS tier,
    implied.markup_multiplier AS jsonb_markup,
    CASE WHEN access.enabled OR model.id IS NULL OR tier.id IS NULL THEN access.markup_multiplier END AS junction_markup,
    model.id IS NULL OR tier.id IS NULL AS is_orphan
FROM (
    SELECT said.model_id, said.tier_id, said.markup_multiplier FROM :"ledger".implied_grant AS said
    WHERE :'buckets'::integer [] IS NULL OR uuid_hash(said.model_id) & 255 = ANY(:'buckets'::integer [])
) AS implied
FULL JOIN (
    SELECT given.model_id, given.tier_id, given.enabled, given.markup_multiplier FROM :"schema".tier_model_access AS given
    WHERE :'buckets'::integer [] IS NULL OR uuid_hash(given.model_id) & 255 = ANY(:'buckets'::integer [])
) AS access ON implied.model_id = access.model_id AND implied.tier_id = access.tier_id
LEFT JOIN :"schema".model_access_control AS model ON model.id = coalesce(implied.model_id, access.model_id)
LEFT JOIN :"schema".subscription_tiers AS tier ON tier.id = coalesce(implied.tier_id, access.tier_id)
WHERE implied.markup_multiplier IS DISTINCT FROM CASE WHEN access.enabled THEN access.markup_multiplier END
    OR model.id IS NULL
    OR tier.id IS NULL
ORDER BY 2, 3
