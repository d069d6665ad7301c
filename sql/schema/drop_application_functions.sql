-- Drops the published functions of the application's writes; stops when somebody else's object needs one. Locks nothing.
DROP FUNCTION IF EXISTS
:"schema".assign_models_to_tier(varchar, uuid [], numeric),
:"schema".remove_model_from_tier(uuid, varchar),
:"schema".set_model_markup(uuid, varchar, numeric),
:"schema".set_model_tiers(uuid, text []),
:"schema".check_tier_write(text [], uuid [], numeric),
:"schema".raise_tier_error(text, text, text, text)
RESTRICT
