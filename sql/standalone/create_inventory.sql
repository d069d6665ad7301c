-- Creates the temporary table of our objects: the shape that each must have and the one it has (NULL: not there); reserved: no object of its own. Reads only, but for that table.
-- The shapes are those of tierflow/published.py; tests/unit/test_sql_files.py compares the two.
CREATE TEMPORARY TABLE inventory ON COMMIT DROP AS
SELECT wanted.kind, wanted.name, wanted.shape AS wanted, wanted.reserved,
    CASE WHEN wanted.kind = 'columns' THEN columns.shape ELSE found.shape END AS found
FROM (VALUES
    ('table', 'tier_model_access', 'rp', false),
    ('constraint', 'fk_tier_model_tier', 'fcc subscription_tiers', false),
    ('constraint', 'fk_tier_model_model', 'fcc model_access_control', false),
    ('index', 'unique_tier_model', 'tier_model_access unique btree (tier_id, model_id) constraint', false),
    ('index', 'idx_tier_model_tier_id', 'tier_model_access btree (tier_id)', false),
    ('index', 'idx_tier_model_model_id', 'tier_model_access btree (model_id)', false),
    ('index', 'idx_tier_model_enabled', 'tier_model_access btree (enabled) WHERE enabled', false),
    ('index', 'idx_tier_model_lookup', 'tier_model_access btree (tier_id, model_id, enabled)', false),
    ('view', 'v_model_tier_access', 'v', false),
    ('view', 'v_tier_model_summary', 'v', false),
    ('security_invoker', 'v_model_tier_access', 'v', false),
    ('security_invoker', 'v_tier_model_summary', 'v', false),
    ('function', 'get_models_for_tier', '(p_tier_code character varying) -> TABLE(model_id uuid, model_identifier character varying, provider character varying, display_name character varying, markup_multiplier numeric, effective_pricing jsonb)', false),
    ('function', 'is_model_available_for_tier', '(p_model_id uuid, p_tier_code character varying) -> boolean', false),
    ('function', 'assign_models_to_tier', '(p_tier_code character varying, p_model_ids uuid[], p_markup numeric) -> TABLE(granted bigint, changed bigint, unchanged bigint)', false),
    ('function', 'remove_model_from_tier', '(p_model_id uuid, p_tier_code character varying) -> boolean', false),
    ('function', 'set_model_markup', '(p_model_id uuid, p_tier_code character varying, p_markup numeric) -> numeric', false),
    ('function', 'set_model_tiers', '(p_model_id uuid, p_tier_codes text[]) -> TABLE(tier_code character varying, change text, markup_multiplier numeric)', false),
    ('function', 'check_tier_write', '(p_tier_codes text[], p_model_ids uuid[], p_markup numeric) -> void', false),
    ('function', 'raise_tier_error', '(p_sqlstate text, p_message text, p_detail text, p_hint text) -> void', false),
    ('function', 'touch_tier_model_access', '() -> trigger', false),
    ('trigger', 'touch_tier_model_access', 'tier_model_access', false),
    ('trigger', 'tierflow_sync_models_key', 'model_access_control', false),
    ('trigger', 'tierflow_sync_models_note_insert', 'model_access_control', false),
    ('trigger', 'tierflow_sync_models_note_update', 'model_access_control', false),
    ('trigger', 'tierflow_sync_models_write', 'model_access_control', false),
    ('trigger', 'tierflow_sync_models_delete', 'model_access_control', false),
    ('trigger', 'tierflow_sync_models_truncate', 'model_access_control', false),
    ('trigger', 'tierflow_sync_grants_lock', 'tier_model_access', false),
    ('trigger', 'tierflow_sync_grants_insert', 'tier_model_access', false),
    ('trigger', 'tierflow_sync_grants_update', 'tier_model_access', false),
    ('trigger', 'tierflow_sync_grants_delete', 'tier_model_access', false),
    ('trigger', 'tierflow_sync_grants_truncate', 'tier_model_access', false),
    ('trigger', 'tierflow_sync_tiers_key', 'subscription_tiers', false),
    ('trigger', 'tierflow_sync_tiers_insert', 'subscription_tiers', false),
    ('trigger', 'tierflow_sync_tiers_rename', 'subscription_tiers', false),
    ('trigger', 'tierflow_sync_tiers_delete', 'subscription_tiers', false),
    ('trigger', 'tierflow_sync_tiers_truncate', 'subscription_tiers', false),
    ('column', 'tier_access_backup', 'jsonb', false),
    ('column', 'tier_markup_backup', 'jsonb', false),
    ('index', 'tier_model_access_pkey', 'tier_model_access unique btree (id) constraint', true),
    ('sequence', 'tier_model_access_id_seq', 'tier_model_access', true),
    ('columns', 'v_model_tier_access', 'model_id, model_identifier, provider, display_name, base_pricing, tier_id, tier_code, tier_name, markup_multiplier, enabled, effective_pricing, created_at, updated_at', true),
    ('columns', 'v_tier_model_summary', 'tier_code, tier_name, sort_order, model_count, providers, min_markup, max_markup', true)
) AS wanted (kind, name, shape, reserved)
LEFT JOIN pg_temp.found_object AS found
    ON wanted.kind = found.kind AND wanted.name = found.name
    -- a key of an earlier build, without ON UPDATE CASCADE, is to be made anew
    AND NOT (wanted.kind = 'constraint' AND found.shape = replace(wanted.shape, 'fcc ', 'fca '))
LEFT JOIN (
    SELECT relation, string_agg(name, ', ' ORDER BY ctid) AS shape FROM pg_temp.found_column GROUP BY relation
) AS columns ON wanted.name = columns.relation
