"""A web process is killed (SIGKILL) at the worst moments; `manage.py converge` alone must repair what it left."""

import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tools.processes import until
from tools.testing.portal import PortalProcess, Teacher
from tools.testing.sandbox import Sandbox

pytestmark = pytest.mark.processes

# How the killed process stood: still waiting for the answer, or with the answer in hand and the database shut.
ANSWER_ON_ITS_WAY = "answer on its way"
ANSWER_IN_HAND = "answer in hand"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory, sandbox_process) -> Path:
    """A migrated database with a teacher in it, made once."""
    portal = PortalProcess(tmp_path_factory.mktemp("prepared"), sandbox_process.url)
    portal.prepare()
    return portal.database


@pytest.fixture
def portal(tmp_path, sandbox_process, prepared) -> Iterator[PortalProcess]:
    sandbox_process.reset()
    portal = PortalProcess(tmp_path, sandbox_process.url)
    shutil.copy(prepared, portal.database)
    portal.start()
    yield portal
    sandbox_process.release()
    portal.kill()


def kill_during(
    portal: PortalProcess, sandbox: Sandbox, moment: str, *, nth: int, press_save: Callable[[], object]
) -> None:
    """Kill the web process when Stripe has carried out its `nth` next POST and before the answer is stored."""
    done = len(sandbox.writes()) + nth
    sandbox.fault("block", when="after", method="POST", skip=nth - 1)
    browser = threading.Thread(target=_without_answer, args=(press_save,))
    browser.start()
    until(lambda: len(sandbox.writes()) == done)
    if moment == ANSWER_IN_HAND:
        with closing(sqlite3.connect(portal.database, isolation_level=None)) as shut:
            shut.execute("BEGIN IMMEDIATE")
            sandbox.release()
            until(lambda: sandbox.calls()[-1]["status"] == 200)
            portal.kill()
    else:
        portal.kill()
    browser.join()
    sandbox.release()
    sandbox.clear_faults()


def _without_answer(press_save: Callable[[], object]) -> None:
    try:
        press_save()
    except OSError:
        return
    raise AssertionError("the request was answered, so the process was not killed in time")


def recover(portal: PortalProcess) -> dict[str, Any]:
    """What the command alone makes of it; then the course as a teacher reads it."""
    portal.manage("converge")
    portal.start()
    return portal.sign_in().get("/courses/").json()["results"][0]


def create(teacher: Teacher) -> dict[str, Any]:
    return teacher.send("/courses/", title="Watercolour", summary="For beginners", price="49", currency="usd").json()


@pytest.mark.parametrize("moment", [ANSWER_ON_ITS_WAY, ANSWER_IN_HAND])
class TestKilled:
    def test_right_after_stripe_made_the_product(self, portal, sandbox_process, moment):
        teacher = portal.sign_in()
        kill_during(portal, sandbox_process, moment, nth=1, press_save=lambda: create(teacher))

        course = recover(portal)

        (product,) = sandbox_process.products()
        (price,) = sandbox_process.prices()
        assert course["billing"]["state"] == "in_sync"
        assert course["billing"]["product"]["stripe_id"] == product["id"]
        assert course["billing"]["price"]["stripe_id"] == price["id"]

    @pytest.mark.parametrize("nth", [1, 2, 3])
    def test_at_each_call_of_a_price_change(self, portal, sandbox_process, moment, nth):
        teacher = portal.sign_in()
        made = create(teacher)
        kill_during(
            portal,
            sandbox_process,
            moment,
            nth=nth,
            press_save=lambda: teacher.send(made["url"], price="59", currency="usd", version=made["version"]),
        )

        course = recover(portal)

        (product,) = sandbox_process.products()
        (active,) = sandbox_process.prices(active=True)
        (archived,) = sandbox_process.prices(active=False)
        assert (active["unit_amount"], archived["unit_amount"]) == (5900, 4900)
        assert product["default_price"] == active["id"] == course["billing"]["price"]["stripe_id"]
        assert course["billing"]["state"] == "in_sync"
