"""The least Django project that dj-stripe runs in; its own virtualenv runs it, not ours."""
