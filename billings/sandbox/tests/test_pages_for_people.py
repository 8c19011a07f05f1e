"""The pages for people: what their forms send, what they are told, and where that leads."""

import pytest
import requests

from billings.sandbox.tests.process import PATIENCE

FORM = {"Accept": "text/html", "Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def send(sandbox):
    """Posts a form as a browser does, from a page."""

    def post(path, /, *, page="", follow=False, **fields):
        return requests.post(
            f"{sandbox.url}/_sandbox/{path}",
            data=fields,
            headers=FORM | {"Referer": f"{sandbox.url}/_sandbox/{page}"},
            timeout=PATIENCE,
            allow_redirects=follow,
        )

    return post


class TestWhatIsTyped:
    @pytest.mark.parametrize("name", ["1e5", "null", "true", "12", "NaN", '{"a": 1}'])
    def test_a_name_stays_as_typed(self, client, send, name):
        client.v1.products.create({"id": "course_1", "name": "Etching"})

        assert send("dashboard/products/course_1", name=name).status_code == 303

        assert client.v1.products.retrieve("course_1").name == name

    def test_an_id_of_digits_can_be_made_and_seeded(self, sandbox, send):
        send("dashboard/products", id="0012", name="Etching")
        send("seed", products="1", id="1e5")

        assert sandbox.products() == ["0012", "1e5"]

    def test_numbers_are_numbers_where_there_are_some(self, sandbox, send):
        send("settings", rate_limit_total="null", rate_limit_endpoint="7", webhook_retries="[1, 2.5]")
        send("clock", offset="3600")

        settings = sandbox.door("settings")
        assert (settings["rate_limit_total"], settings["rate_limit_endpoint"]) == (None, 7)
        assert settings["webhook_retries"] == [1, 2.5]
        assert sandbox.door("clock")["offset"] == 3600

    @pytest.mark.parametrize("offset", ["NaN", "Infinity", "1e999", "tomorrow"])
    def test_a_clock_is_set_by_numbers_only(self, sandbox, send, offset):
        assert send("clock", offset=offset).status_code == 400
        assert sandbox.door("clock")["offset"] == 0

    def test_a_faults_path_of_digits_is_a_pattern_too(self, sandbox, send):
        send("faults", kind="500", path="1", times="null", stored="false")

        fault = sandbox.door("faults")["faults"][0]
        assert (fault["kind"], fault["path"], fault["times"], fault["stored"]) == ("500", "1", None, False)
