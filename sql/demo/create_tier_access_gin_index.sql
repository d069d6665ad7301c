-- Indexes tier_access for the old containment queries; SHARE lock on model_access_control (blocks writers).
CREATE INDEX idx_model_access_control_tier_access
ON :"schema".model_access_control USING gin (tier_access);
