"""`/admin`: who holds one of `ADMIN_KEY`'s keys sees and ends jobs, drains, rebuilds languages."""
