-- Returns how many grants the junction table holds, and the checksum of them that digest_source.sql returns for the JSONB.
SELECT count(*) AS grants,
    coalesce(sum(hashtextextended(
        format('%s %s %s %s', model_id, tier_id, markup_multiplier, enabled), 0
    )::numeric), 0)::text AS checksum
FROM public.tier_model_access
