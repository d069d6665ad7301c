"""The commands: each imports its flow late, for Prefect and Great Expectations take 5 s."""
