"""For tests against a sandbox: a process with a client, and recorded responses to compare with."""
