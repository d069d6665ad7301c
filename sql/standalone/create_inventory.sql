-- Creates the temporary table of our objects: the shape that each must have and the one it has (NULL: not there). Reads only, but for that table.
-- The shapes are those of tierflow/published.py; tests/unit/test_sql_files.py compares the two.
CREATE TEMPORARY TABLE inventory ON COMMIT DROP AS
SELECT wanted.kind, wanted.name, wanted.shape AS wanted,
    CASE WHEN wanted.kind = 'columns' THEN columns.shape ELSE found.shape END AS found
FROM (VALUES
    ('table', 'tier_model_access', 'rp'),
    ('constraint', 'fk_tier_model_tier', 'fc'),
    ('constraint', 'fk_tier_model_model', 'fc'),
    ('index', 'unique_tier_model', 'tier_model_access'),
    ('index', 'idx_tier_model_tier_id', 'tier_model_access'),
    ('index', 'idx_tier_model_model_id', 'tier_model_access'),
    ('index', 'idx_tier_model_enabled', 'tier_model_access'),
    ('index', 'idx_tier_model_lookup', 'tier_model_access'),
    ('view', 'v_model_tier_access', 'v'),
    ('view', 'v_tier_model_summary', 'v'),
    ('function', 'get_models_for_tier', '(p_tier_code character varying) -> TABLE(model_id uuid, model_identifier character varying, provider character varying, display_name character varying, markup_multiplier numeric, effective_pricing jsonb)'),
    ('function', 'is_model_available_for_tier', '(p_model_id uuid, p_tier_code character varying) -> boolean'),
    ('function', 'touch_tier_model_access', '() -> trigger'),
    ('trigger', 'touch_tier_model_access', 'tier_model_access'),
    ('column', 'tier_access_backup', 'jsonb'),
    ('column', 'tier_markup_backup', 'jsonb'),
    ('columns', 'v_model_tier_access', 'model_id, model_identifier, provider, display_name, base_pricing, tier_id, tier_code, tier_name, markup_multiplier, enabled, effective_pricing, created_at, updated_at'),
    ('columns', 'v_tier_model_summary', 'tier_code, tier_name, sort_order, model_count, providers, min_markup, max_markup')
) AS wanted (kind, name, shape)
LEFT JOIN pg_temp.found_object AS found ON wanted.kind = found.kind AND wanted.name = found.name
LEFT JOIN (
    SELECT relation, string_agg(name, ', ' ORDER BY ctid) AS shape FROM pg_temp.found_column GROUP BY relation
) AS columns ON wanted.name = columns.relation
