"""For tests against a sandbox: a process of its own with a client of it, and recorded answers to compare with."""
