"""Health checks."""

import pytest
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder


def test_a_process_that_lives_says_so_without_the_database(client):
    answer = client.get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
class TestBoth:
    def test_are_not_redirected_to_https(self, client, settings, path, db):
        settings.SECURE_SSL_REDIRECT = True

        assert client.get(path).status_code == 200

    def test_answer_probes_that_come_by_address(self, client, path, db):
        assert client.get(path, headers={"Host": "10.1.2.3"}).status_code == 200

    def test_are_kept_by_no_cache(self, client, path, db):
        assert "no-store" in client.get(path)["Cache-Control"]

    def test_are_only_read(self, client, path):
        assert client.post(path).status_code == 405


class TestReadyz:
    def test_says_ok_where_the_database_answers(self, client, db):
        answer = client.get("/readyz")

        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})

    def test_says_that_a_migration_is_missing(self, client, db):
        recorder = MigrationRecorder(connection)
        recorder.record_unapplied(*max(recorder.applied_migrations()))

        answer = client.get("/readyz")

        assert (answer.status_code, answer.json()) == (503, {"status": "migrations waiting"})

    def test_says_that_the_database_is_away(self, client, db, monkeypatch):
        def reject(*_: object) -> None:
            raise OperationalError("could not connect to server")

        with monkeypatch.context() as patch:
            patch.setattr(connection, "cursor", reject)
            answer = client.get("/readyz")

        assert (answer.status_code, answer.json()) == (503, {"status": "database unreachable"})
