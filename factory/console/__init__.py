"""What people see: progress while a run works, tables at its end, rows of a query. It fits in 80 columns."""
