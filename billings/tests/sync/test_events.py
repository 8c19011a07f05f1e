"""Stripe's events, sent by the real sandbox to a real web server, and handled by the worker's sweep."""

import json
import time
from datetime import UTC, datetime, timedelta

import pytest
import stripe
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from billings import clock
from billings.models import StripeEvent
from billings.stripe_api import accounts, gateway
from billings.sync.events import KEEP_DAYS, process
from billings.sync.sweep import sweep
from billings.tests.support.delivering import URL, deliver
from billings.tests.support.in_sync import assert_in_sync
from billings.tests.support.sold import USD59


def event(**changes):
    """A product.updated as Stripe sends one."""
    shown = {"id": "prod_1", "object": "product", "name": "Oil", "active": True}
    body = {"id": "evt_1", "object": "event", "type": "product.updated", "livemode": False, "data": {"object": shown}}
    return body | {"request": {"id": None, "idempotency_key": None}} | changes


LOSE_THE_CONNECTION = """
from django.db import connection
from billings.models import StripeEvent
from billings.sync.events import store
store({"id": "evt_1"})
with connection.copy().cursor() as cursor:
    cursor.execute("SELECT pg_terminate_backend(%s)", [connection.connection.info.backend_pid])
store({"id": "evt_2"})
print(StripeEvent.objects.count())
"""


def test_an_event_is_stored_though_the_database_closed_the_connection(postgresql_url, run_script):
    assert run_script(LOSE_THE_CONNECTION, postgresql_url) == "2"


@pytest.mark.django_db
class TestEndpoint:
    def test_it_stores_an_event_once(self, django_assert_num_queries):
        with django_assert_num_queries(1):
            assert deliver(event()).status_code == 200
        assert deliver(event()).status_code == 200

        (stored,) = StripeEvent.objects.all()
        assert (stored.event_id, stored.type, stored.stripe_product) == ("evt_1", "product.updated", "prod_1")

    def test_it_takes_either_secret_while_one_is_rolled(self, settings):
        settings.STRIPE_WEBHOOK_SECRETS = ["whsec_new", "whsec_old"]

        assert deliver(event(id="evt_1"), "whsec_old").status_code == 200
        assert deliver(event(id="evt_2"), "whsec_new").status_code == 200
        assert deliver(event(id="evt_3"), "whsec_other", "whsec_new").status_code == 200
        assert StripeEvent.objects.count() == 3

    def test_a_price_event_names_its_product(self):
        deliver(event(data={"object": {"id": "price_1", "object": "price", "product": "prod_7"}}))
        deliver(event(id="evt_2", data={"object": {"id": "price_1", "object": "price", "product": {"id": "prod_8"}}}))

        assert [stored.stripe_product for stored in StripeEvent.objects.all()] == ["prod_7", "prod_8"]

    @pytest.mark.parametrize(
        "answer",
        [
            pytest.param(lambda: deliver(event(), "whsec_forged"), id="forged"),
            pytest.param(lambda: deliver(event(), at=int(time.time()) - 301), id="stale"),
            pytest.param(lambda: deliver(event(), at=int(time.time()) + 310), id="of times to come"),
            pytest.param(lambda: deliver("{"), id="not JSON"),
            pytest.param(lambda: deliver("[]"), id="not an object"),
            pytest.param(lambda: deliver('{"id": "evt_1", "data": NaN}'), id="no number"),
            pytest.param(lambda: deliver('{"id": "evt_1", "data": ' + "[" * 99_999), id="nested for ever"),
            pytest.param(lambda: deliver({"object": "event"}), id="no id"),
            pytest.param(lambda: deliver(event(id=7)), id="an id that is no text"),
            pytest.param(lambda: Client().post(URL, b"\xff", content_type="application/json"), id="no signature"),
            pytest.param(
                lambda: Client().post(URL, b"{}", content_type="application/json", HTTP_STRIPE_SIGNATURE="t=1,v1=\xe9"),
                id="a signature that is no ASCII",
            ),
        ],
    )
    def test_it_rejects_what_is_not_stripes(self, answer):
        assert answer().status_code == 400
        assert not StripeEvent.objects.exists()

    def test_it_reads_nothing_that_is_larger_than_any_event(self):
        assert deliver(event(padding="x" * 1024 * 1024)).status_code == 413
        assert not StripeEvent.objects.exists()

    def test_it_takes_what_is_new_by_stripes_clock_though_ours_is_hours_ahead(self, sandbox, monkeypatch):
        now = time.time
        monkeypatch.setattr(time, "time", lambda: now() + 3 * 3600)
        monkeypatch.setattr(timezone, "now", lambda: datetime.fromtimestamp(time.time(), UTC))
        monkeypatch.setattr(clock._Known, "stripe", None)

        assert deliver(event(), at=int(now())).status_code == 200
        assert deliver(event(id="evt_2"), at=int(now()) - 400).status_code == 400

    def test_it_takes_what_is_of_now_by_stripes_clock_though_ours_is_hours_behind(self, sandbox, monkeypatch):
        now = time.time
        monkeypatch.setattr(time, "time", lambda: now() - 3 * 3600)
        monkeypatch.setattr(timezone, "now", lambda: datetime.fromtimestamp(time.time(), UTC))
        monkeypatch.setattr(clock._Known, "stripe", None)

        assert deliver(event(), at=int(now())).status_code == 200
        assert deliver(event(id="evt_2"), at=int(now()) + 400).status_code == 400

    def test_a_page_cannot_be_read_there(self):
        assert Client().get(URL).status_code == 405

    @pytest.mark.parametrize(
        "data", [{}, {"object": None}, {"object": {}}, {"object": {"object": "price"}}, "odd", None]
    )
    def test_an_event_of_an_odd_shape_is_kept_and_never_blocks_the_others(self, data):
        assert deliver(event(data=data)).status_code == 200
        assert deliver(event(id="evt_2", type="customer.created")).status_code == 200

        assert process() == 2
        assert set(StripeEvent.objects.values_list("outcome", flat=True)) == {"ignored"}
        assert process() == 0

    @pytest.mark.parametrize("odd", ["half a \ud83d character", "a zero \0 byte"])
    def test_text_that_no_database_takes_is_kept_without_its_content(self, sold, odd):
        shown = {"id": sold.product.stripe_id, "object": "product", "name": odd}
        deliver(event(type=odd, data={"object": shown}))

        (stored,) = StripeEvent.objects.all()
        assert (stored.shown, stored.stripe_product) == ({}, sold.product.stripe_id)
        process()
        assert sold.product.reads_requested == 1

    def test_a_number_that_is_none_is_kept_without_its_content(self, sold):
        """JSON may say 1e400; Python reads infinity, and no database takes that."""
        text = json.dumps(event(data={"object": {"id": sold.product.stripe_id, "object": "product", "weight": "?"}}))

        assert deliver(text.replace('"?"', "1e400")).status_code == 200

        (stored,) = StripeEvent.objects.all()
        assert (stored.shown, stored.stripe_product) == ({}, sold.product.stripe_id)

    def test_emoji_are_kept(self):
        deliver(event(data={"object": {"id": "prod_1", "object": "product", "name": "Paint 🎨"}}))

        assert StripeEvent.objects.get().shown["name"] == "Paint 🎨"


class TestClassifying:
    """What the sandbox has to tell after each operation, delivered in any order."""

    @staticmethod
    def told(sandbox, reverse=False):
        """Every event so far, as Stripe would send them."""
        bodies = sandbox.events()
        for body in bodies if reverse else reversed(bodies):
            assert deliver(body).status_code == 200

    @pytest.mark.parametrize("reverse", [False, True])
    def test_echoes_of_our_own_last_calls_ask_for_no_read(self, sold, sandbox, reverse):
        self.told(sandbox, reverse)
        calls = len(sandbox.calls())

        while sweep():
            pass

        assert set(StripeEvent.objects.values_list("outcome", flat=True)) == {"echo"}
        assert len(sandbox.calls()) == calls

    def test_echoes_of_saves_in_quick_succession_ask_for_no_read(self, sold, sandbox):
        for name in ("Oil", "Pastel", "Ink"):
            sold.listing(name=name)
            sold.converge()
        sold.price(USD59)
        sold.converge()
        self.told(sandbox)
        calls = len(sandbox.calls())

        while sweep():
            pass

        assert set(StripeEvent.objects.values_list("outcome", flat=True)) == {"echo"}
        assert len(sandbox.calls()) == calls

    @pytest.mark.parametrize("odd", [{"default_price": {}}, {"images": 5}, {"metadata": 7, "images": {"a": 1}}])
    def test_an_echo_of_an_odd_shape_keeps_no_other_waiting(self, sold, sandbox, odd):
        key = sold.product.requests.get().key
        shown = {"id": sold.product.stripe_id, "object": "product", **odd}
        deliver(event(id="evt_odd", data={"object": shown}, request={"id": "req_1", "idempotency_key": key}))
        sandbox.dashboard(f"products/{sold.product.stripe_id}", name="By hand")
        self.told(sandbox)

        while sweep():
            pass

        assert not StripeEvent.objects.filter(processed_at=None).exists()
        assert sold.product.drifts.get().remote_value == "By hand"

    def test_an_edit_in_the_dashboard_is_read_and_shown_as_drift(self, sold, sandbox):
        sandbox.dashboard(f"products/{sold.product.stripe_id}", name="Renamed by hand")
        self.told(sandbox)

        while sweep():
            pass

        (drift,) = sold.product.drifts.all()
        assert (drift.field, drift.local_value, drift.remote_value) == ("name", "Watercolour", "Renamed by hand")

    def test_a_storm_of_events_costs_one_read(self, sold, sandbox):
        for number in range(5):
            sandbox.dashboard(f"products/{sold.product.stripe_id}", name=f"Renamed {number}")
        self.told(sandbox)
        calls = len(sandbox.calls())

        while sweep():
            pass

        assert len(sandbox.calls()) == calls + 3

    def test_an_event_of_an_open_call_asks_for_nothing(self, make_sold, sandbox):
        sandbox.fault("reset", when="after", method="POST")
        sold = make_sold()
        sold.converge()
        self.told(sandbox)

        process()

        assert set(StripeEvent.objects.values_list("outcome", flat=True)) == {"echo"}
        assert sold.product.reads_requested == 0

    def test_events_of_another_mode_or_account_or_of_anonymous_users_are_ignored(self, sold):
        shown = {"id": sold.product.stripe_id, "object": "product"}
        deliver(event(id="evt_live", livemode=True, data={"object": shown}))
        deliver(event(id="evt_connect", account="acct_other", data={"object": shown}))
        deliver(event(id="evt_context", context="org_1/acct_other", data={"object": shown}))
        deliver(event(id="evt_foreign", data={"object": {"id": "prod_foreign", "object": "product"}}))

        process()

        assert set(StripeEvent.objects.values_list("outcome", flat=True)) == {"ignored"}
        foreign = StripeEvent.objects.filter(is_foreign=True).values_list("event_id", flat=True)
        assert set(foreign) == {"evt_live", "evt_connect", "evt_context"}
        assert sold.product.reads_requested == 0

    def test_an_event_that_names_our_own_account_is_ours(self, sold):
        shown = {"id": sold.product.stripe_id, "object": "product"}
        own = accounts.known_id()
        deliver(event(account=own, data={"object": shown}))
        deliver(event(id="evt_context", context=own, data={"object": shown}))

        process()

        assert own
        assert set(StripeEvent.objects.values_list("outcome", "is_foreign")) == {("read", False)}

    def test_old_echoes_that_no_longer_say_what_we_know_end_in_agreement(self, sold, sandbox):
        sold.price(USD59)
        sold.converge()
        self.told(sandbox, reverse=True)

        while sweep():
            pass

        assert_in_sync(sold, sandbox)
        assert not sold.product.drifts.exists()

    def test_classifying_many_events_takes_a_constant_number(self, sold, sandbox, django_assert_max_num_queries):
        shown = {"id": sold.product.stripe_id, "object": "product", "name": "Oil"}
        for number in range(50):
            deliver(event(id=f"evt_{number}", data={"object": shown}))

        with django_assert_max_num_queries(8):
            assert process() == 50


@pytest.mark.django_db(transaction=True)
class TestCommand:
    def test_what_was_missed_in_an_outage_is_fetched_once(self, sold, sandbox, capsys):
        """An endpoint that was down; then the command."""
        client = stripe.StripeClient("sk_test_sandbox_tests", base_addresses={"api": sandbox.url})
        client.v1.webhook_endpoints.create({"url": "http://127.0.0.1:9/hook", "enabled_events": ["*"]})
        sandbox.dashboard(f"products/{sold.product.stripe_id}", name="Renamed by hand")

        call_command("events", "--fetch-missed")
        call_command("events", "--fetch-missed")
        while sweep():
            pass

        said = capsys.readouterr().out
        assert "1 missed events fetched." in said
        assert "0 missed events fetched." in said
        assert sold.product.drifts.get().remote_value == "Renamed by hand"

    def test_what_was_missed_is_fetched_whole_or_not_at_all(self, sold, sandbox, monkeypatch):
        """A part would look like the whole to the next fetch."""
        monkeypatch.setattr(gateway, "PAGE", 2)
        client = stripe.StripeClient("sk_test_sandbox_tests", base_addresses={"api": sandbox.url})
        client.v1.webhook_endpoints.create({"url": "http://127.0.0.1:9/hook", "enabled_events": ["*"]})
        for number in range(5):
            sandbox.dashboard(f"products/{sold.product.stripe_id}", name=f"By hand {number}")
        sandbox.fault("503", path="^/v1/events", skip=1)

        with pytest.raises(CommandError):
            call_command("events", "--fetch-missed")
        assert not StripeEvent.objects.exists()

        call_command("events", "--fetch-missed")
        shown = [row.shown["name"] for row in StripeEvent.objects.order_by("id")]
        assert shown == [f"By hand {number}" for number in range(5)], "the oldest first"

    def test_what_was_missed_is_found_behind_what_only_another_endpoint_missed(self, sold, sandbox, monkeypatch):
        monkeypatch.setattr(gateway, "PAGE", 2)
        client = stripe.StripeClient("sk_test_sandbox_tests", base_addresses={"api": sandbox.url})
        client.v1.webhook_endpoints.create({"url": "http://127.0.0.1:9/somebody-elses", "enabled_events": ["*"]})
        for number in range(4):
            sandbox.dashboard(f"products/{sold.product.stripe_id}", name=f"By hand {number}")
        *reached_us, missed = sandbox.events()[:4]
        for body in reached_us:
            assert deliver(body).status_code == 200

        call_command("events", "--fetch-missed")

        assert StripeEvent.objects.filter(event_id=missed["id"]).exists()

    def test_what_was_fetched_is_not_listed_again_and_again(self, sold, sandbox):
        for _ in range(2):
            call_command("events", "--fetch-missed")

        asked = [call["params"]["created"]["gte"] for call in sandbox.calls(account=True) if "/events" in call["path"]]
        assert int(asked[-1]) - int(asked[0]) >= (KEEP_DAYS - 1) * 86_400

    def test_an_event_that_is_not_known_is_said_so(self, capsys):
        call_command("events", "--replay", "evt_nope")

        assert "evt_nope is not known here." in capsys.readouterr().err

    def test_no_event_is_forgotten_before_its_time(self):
        with pytest.raises(CommandError):
            call_command("events", "--prune", "-1")

    def test_events_can_be_processed_again(self, capsys):
        deliver(event())
        deliver(event(id="evt_2"))
        process()

        call_command("events", "--replay", "evt_1")
        assert StripeEvent.objects.get(processed_at=None).event_id == "evt_1"

        call_command("events", "--replay", "all")
        assert process() == 2

    def test_old_processed_events_are_deleted(self, capsys):
        deliver(event())
        deliver(event(id="evt_2"))
        process(limit=1)
        StripeEvent.objects.update(received_at=timezone.now() - timedelta(days=8))

        call_command("events", "--prune", "7")

        assert StripeEvent.objects.get().event_id == "evt_2"

    def test_a_silent_stripe_is_said_so(self, sandbox):
        sandbox.fault("reset", path="/v1/events")

        with pytest.raises(CommandError, match="could not be asked"):
            call_command("events", "--fetch-missed")
