-- Creates the list of models whose captured values were both SQL NULL (a model added later has NULL there too). Locks nothing that the application uses.
CREATE TABLE IF NOT EXISTS :"ledger".null_backup (model_id uuid PRIMARY KEY)
