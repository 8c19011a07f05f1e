"""The minimal Django project for dj-stripe; runs in its own virtualenv, not in ours."""
