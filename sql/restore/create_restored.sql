-- Creates the table of this session that holds what a dump or an archive says of the models. Locks nothing.
CREATE TEMPORARY TABLE restored (
    ordinal bigint GENERATED ALWAYS AS IDENTITY,
    id uuid NOT NULL,
    model_id text,
    tier_access jsonb,
    tier_markup jsonb,
    tier_access_backup jsonb,
    tier_markup_backup jsonb,
    null_captured boolean
)
