-- Keeps writers off the tiers until the end of the transaction. Takes SHARE ROW EXCLUSIVE: readers pass, writers wait.
LOCK TABLE :"schema".subscription_tiers IN SHARE ROW EXCLUSIVE MODE
