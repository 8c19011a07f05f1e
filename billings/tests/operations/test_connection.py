"""The key's permissions and account, and the registered webhook endpoint, as shown to staff; checks change nothing."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from billings.management.commands.worker import PatientWorker
from billings.models import StripeKey, Trouble, WorkerHeartbeat
from billings.status import describe
from billings.stripe_api import accounts, endpoints, event_types, gateway, permissions
from billings.stripe_api.gateway import ReadFailed
from billings.sync.converge import Result
from billings.tests.support.in_sync import assert_in_sync
from tools.testing.scripted_server import serving

SYNC, CHECK, REGISTER = "/billing/sync/", "/billing/sync/check/", "/billing/sync/webhook-endpoint/"
HTMX = {"HX-Request": "true", "HX-Target": "sync-connection"}
JSON = {"Accept": "application/json"}
RESTRICTED = "rk_test_of_the_portal"
NEEDED = ["rak_product_write", "rak_plan_write", "rak_event_read"]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def staff() -> Client:
    user = User.objects.create_user("staff", "staff@example.com")
    user.user_permissions.add(Permission.objects.get(codename="manage_prices"))
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def restricted(sandbox, settings):
    """Puts a restricted key with these permissions into the settings."""

    def put(*names: str) -> None:
        sandbox.control("POST", "keys", {"key": RESTRICTED, "permissions": list(names)})
        settings.STRIPE_SECRET_KEY = RESTRICTED

    return put


@pytest.fixture
def public(settings) -> None:
    settings.SITE_URL, settings.SITE_IS_PUBLIC = "https://school.example", True


def known_endpoints() -> list[dict[str, Any]]:
    return gateway.webhook_endpoints(seconds=5)


class TestARestrictedKey:
    def test_sells_though_it_may_not_read_its_account(self, make_sold, sandbox, restricted):
        """Stripe's rejection names the account."""
        restricted(*NEEDED)
        sold = make_sold()

        assert sold.converge() is Result.DONE

        assert_in_sync(sold, sandbox)
        assert sold.product.account == "acct_1SandboxAccount0"

    def test_that_lacks_prices_says_so_in_stripes_words_without_the_key(self, make_sold, restricted):
        restricted("rak_product_read")
        sold = make_sold()

        assert sold.converge() is Result.FAILED

        product = sold.product
        assert product.trouble == Trouble.PERMISSION
        assert "_write' permission would allow this request to continue." in describe(product, staff=True).sentence
        assert "rk_test" not in product.trouble_message
        assert "permission" not in describe(product, staff=False).sentence
        assert "nothing for you to do" in describe(product, staff=False).sentence

    @pytest.mark.parametrize(
        ("body", "status", "account"),
        [
            pytest.param(b'{"error": {"message": "No."}}', 403, None, id="nothing is told"),
            pytest.param(
                b'{"error": {"message": "The provided key \'rk_test_***abcd\' does not have access to account '
                b"'acct_2' (or that account does not exist).\"}}",
                403,
                None,
                id="somebody else's account",
            ),
        ],
    )
    def test_whose_account_cannot_be_learned_is_told_what_it_lacks(self, settings, body, status, account):
        with serving(body=body, status=status) as scripted:
            settings.STRIPE_API_BASE = scripted.url
            with pytest.raises(ReadFailed, match="Connect > Accounts: Read"):
                accounts.present(seconds=5)

    def test_is_told_its_account_by_an_object(self, settings, monkeypatch):
        """Where the rejection names none."""
        get = gateway._get

        def answers(path, params, seconds):
            if path == "/v1/events":
                return {"object": "list", "data": [{"id": "evt_1", "account": "acct_by_event"}]}
            return get(path, params, seconds)

        monkeypatch.setattr(gateway, "_get", answers)
        with serving(body=b'{"error": {"message": "No."}}', status=403) as scripted:
            settings.STRIPE_API_BASE = scripted.url
            assert accounts.present(seconds=5).id == "acct_by_event"

    def test_without_a_known_account_can_be_tested_and_learns_it_later(self, sandbox, settings):
        with serving(body=b'{"error": {"message": "No."}}', status=403) as scripted:
            settings.STRIPE_API_BASE = scripted.url
            row = permissions.check(seconds=5)
        assert (row.account, row.permissions["products"]["granted"]) == ("", False)

        settings.STRIPE_API_BASE = sandbox.url

        assert accounts.present(seconds=5).id == "acct_1SandboxAccount0"
        assert StripeKey.objects.count() == 1


class TestPermissions:
    def test_are_tested_without_changing_anything(self, sandbox, restricted):
        restricted(*NEEDED, "rak_webhook_read", "rak_webhook_write", "rak_accounts_kyc_basic_read")

        row = permissions.check(seconds=5)

        assert {name: one["granted"] for name, one in row.permissions.items()} == dict.fromkeys(row.permissions, True)
        assert len(row.permissions) == 6
        assert (sandbox.products(), sandbox.prices(), known_endpoints(), sandbox.events()) == ([], [], [], [])

    @pytest.mark.parametrize(
        ("lacks", "name"),
        [("rak_product_write", "products"), ("rak_plan_write", "prices"), ("rak_event_read", "events")],
    )
    def test_that_lack_are_named_one_by_one(self, restricted, lacks, name):
        restricted(*(set(NEEDED) - {lacks}))

        row = permissions.check(seconds=5)

        assert [key for key in ("products", "prices", "events") if not row.permissions[key]["granted"]] == [name]
        assert f"'{lacks}'" in row.permissions[name]["why"]
        assert RESTRICTED[:8] not in row.permissions[name]["why"]

    def test_are_tested_by_the_worker_when_it_starts_and_not_again(self, sandbox, restricted, caplog):
        restricted("rak_product_write", "rak_event_read")

        for _ in range(2):
            PatientWorker().round()

        posts = [call for call in sandbox.writes() if call["path"] == "/v1/prices"]
        assert len(posts) == 1
        assert "The Stripe key lacks Billing > Prices: Write." in caplog.text

    def test_of_a_secret_key_are_not_tested_by_themselves(self, sandbox):
        PatientWorker().round()

        assert sandbox.writes() == []

    def test_that_cannot_be_tested_stop_no_worker(self, restricted, sandbox, caplog):
        restricted(*NEEDED)
        sandbox.fault("reset", times=None)

        assert PatientWorker().round() == 0

        assert "Stripe could not be asked" in caplog.text

    def test_are_tested_by_a_command_that_says_what_lacks(self, restricted, capsys):
        restricted("rak_product_write", "rak_event_read")

        with pytest.raises(SystemExit):
            call_command("stripe_key")

        lines = capsys.readouterr().out.splitlines()
        assert "Core > Products: Write: allowed." in lines
        assert next(line for line in lines if "Prices" in line).startswith(
            "Billing > Prices: Write: MISSING. The provided"
        )

    def test_stand_on_the_page_in_words(self, staff, restricted):
        restricted("rak_product_write", "rak_event_read")
        assert "not tested yet" in staff.get(SYNC).text

        answer = staff.post(CHECK, headers=HTMX)

        assert "Checked with Stripe." in answer.text
        text = " ".join(answer.text.split())
        assert "<strong>Core &gt; Products: Write</strong>: <span>allowed</span>" in text
        assert '<strong>Billing &gt; Prices: Write</strong>: <span class="sync-failed">missing</span>' in text
        assert "rak_plan_write" in text
        assert staff.get(SYNC, headers=JSON).json()["permissions"]["prices"] is False

    def test_can_be_tested_again_without_javascript(self, staff, sandbox):
        assert staff.post(CHECK).status_code == 303

        assert "Tested at" in staff.get(SYNC).text

    def test_that_stripe_does_not_tell_are_said_so(self, staff, sandbox):
        sandbox.fault("reset", times=None)

        assert "Stripe could not be asked" in staff.post(CHECK, headers=HTMX).text


class TestTheEndpoint:
    def test_is_registered_once_with_the_events_it_needs(self, sandbox, public, capsys):
        call_command("webhook_endpoint")
        call_command("webhook_endpoint")

        (endpoint,) = known_endpoints()
        assert endpoint["url"] == "https://school.example/billing/webhooks/stripe/"
        assert endpoint["enabled_events"] == event_types.handled_types()
        assert endpoint["api_version"] == gateway.API_VERSION
        said = capsys.readouterr().out
        assert said.count("STRIPE_WEBHOOK_SECRET=whsec_") == 1
        assert "Nothing to do" in said

    def test_that_lacks_events_or_is_off_is_brought_up_to_date_and_keeps_what_it_had(self, sandbox, public, capsys):
        call_command("webhook_endpoint")
        (endpoint,) = known_endpoints()
        path = f"/v1/webhook_endpoints/{endpoint['id']}"
        gateway.post(path, {"enabled_events": ["customer.created"], "disabled": True}, key="k", seconds=5)

        call_command("webhook_endpoint")

        (endpoint,) = known_endpoints()
        assert endpoint["enabled_events"] == ["customer.created", *event_types.handled_types()]
        assert endpoint["status"] == "enabled"
        assert "it is now enabled with the events it needs" in capsys.readouterr().out

    def test_is_rejected_without_a_public_address_in_one_sentence(self, sandbox):
        with pytest.raises(CommandError, match="set SITE_URL to the public https address") as rejected:
            call_command("webhook_endpoint")

        assert str(rejected.value).count(".") == str(rejected.value).count("127.0.0.1") * 3 + 1
        assert known_endpoints() == []

    def test_is_listed_with_what_it_lacks(self, sandbox, public, capsys):
        gateway.post(
            "/v1/webhook_endpoints",
            {"url": "https://school.example/billing/webhooks/stripe", "enabled_events": ["product.created"]},
            key="k",
            seconds=5,
        )

        call_command("webhook_endpoint", "--list")

        line = capsys.readouterr().out
        assert line.startswith("* we_")
        assert "lacks product.updated, product.deleted" in line

    def test_that_nobody_registered_is_said_with_the_events_it_needs(self, staff, sandbox, public):
        staff.post(CHECK)

        text = staff.get(SYNC).text
        assert "Stripe knows no webhook endpoint at https://school.example/billing/webhooks/stripe/." in text
        assert "price.deleted" in text
        assert "Register it with Stripe" in text

    @pytest.mark.parametrize("headers", [HTMX, {}], ids=["htmx", "without JavaScript"])
    def test_is_registered_from_the_page_which_shows_the_secret_once(self, staff, sandbox, public, headers):
        answer = staff.post(REGISTER, headers=headers)

        assert answer.status_code == 200
        assert answer.text.count("STRIPE_WEBHOOK_SECRET=whsec_") == 1
        assert "no-store" in answer["Cache-Control"]
        text = staff.get(SYNC).text
        assert "whsec_" not in text
        assert "Stripe sends its messages to https://school.example/billing/webhooks/stripe/." in text
        assert "Register it with Stripe" not in text
        assert "whsec_" not in staff.post(REGISTER, headers=headers, follow=True).text
        assert len(known_endpoints()) == 1

    def test_cannot_be_registered_from_a_page_without_a_public_address(self, staff, sandbox):
        assert "Register it with Stripe" not in staff.get(SYNC).text
        assert staff.post(REGISTER, headers=JSON).status_code == 422
        assert known_endpoints() == []

    def test_that_the_key_may_not_see_is_said_so(self, staff, restricted, public):
        restricted(*NEEDED)
        staff.post(CHECK)

        assert "The key may not see which webhook endpoints Stripe knows." in staff.get(SYNC).text

    def test_is_registered_by_staff_alone(self, sandbox, public, owner):
        teacher = Client()
        teacher.force_login(owner, backend="django.contrib.auth.backends.ModelBackend")

        for path in (CHECK, REGISTER):
            assert teacher.post(path).status_code == 403
            assert Client().post(path, headers=JSON).status_code == 401
        assert known_endpoints() == []

    def test_that_stripe_does_not_want_is_said_in_its_words(self, staff, sandbox, settings):
        settings.SITE_URL, settings.SITE_IS_PUBLIC = "https://no host", True

        assert "URL" in staff.post(REGISTER, headers=JSON).json()["errors"]["__all__"][0]

    def test_of_a_page_asks_stripe_nothing(self, staff, sandbox):
        staff.get(SYNC)

        assert sandbox.calls(account=True) == []


class TestTheWorkerOnThePage:
    def test_is_missed_in_red_with_its_time_and_what_to_do(self, staff):
        text = staff.get(SYNC).text
        assert "No worker has ever been seen." in text
        assert "<code>make worker</code>" in text

        PatientWorker().work(once=True)

        at = timezone.now().strftime("%H:%M UTC")
        assert f"No worker has been seen since {at}." in " ".join(staff.get(SYNC).text.split())
        assert staff.get(SYNC, headers=JSON).json()["worker"]["alive"] is False

    def test_whose_clock_is_wrong_is_named(self, staff):
        now = timezone.now()
        WorkerHeartbeat.objects.create(
            host="box7", pid=9, started_at=now, seen_at=now, stripe_ahead=7200.4, database_ahead=-30
        )

        text = staff.get(SYNC).text
        assert "The clock of box7, where the worker runs, is 7200 seconds behind Stripe&#x27;s. Set it by NTP." in text
        assert "is 30 seconds ahead of the database&#x27;s." in text


def test_an_endpoint_is_known_however_its_address_is_spelled(settings):
    settings.SITE_URL = "http://localhost:8000"

    assert endpoints.is_ours("http://127.0.0.1:8000/billing/webhooks/stripe")
    assert not endpoints.is_ours("http://127.0.0.1:8001/billing/webhooks/stripe/")
