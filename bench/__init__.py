"""What is measured: commands on a small database (budgets), and the load beside its peers."""
