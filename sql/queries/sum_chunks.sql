-- Returns one row: the counts of all loaded chunks added up. Reads only.
SELECT
    coalesce(sum(source_models), 0)::bigint AS source_models,
    coalesce(sum(source_elements), 0)::bigint AS source_elements,
    coalesce(sum(migrated), 0)::bigint AS migrated,
    coalesce(sum(merged), 0)::bigint AS merged,
    coalesce(sum(duplicates), 0)::bigint AS duplicates,
    coalesce(sum(quarantined), 0)::bigint AS quarantined,
    coalesce(sum(grants), 0)::bigint AS grants,
    coalesce(sum(defaulted_markups), 0)::bigint AS defaulted_markups
FROM :"ledger".chunk WHERE loaded IS NOT NULL
