"""The pages for people: what their forms send, what they are told, and where that leads."""

import json
import re
import time
from html import unescape

import pytest
import requests
import stripe
from stripe import CardError

from stripe_sandbox.testing.process import PATIENCE, until

FORM = {"Accept": "text/html", "Content-Type": "application/x-www-form-urlencoded"}


def _unfolded(text):
    """What is seen without unfolding anything."""
    return re.sub(r"<details.*?</details>", "", text, flags=re.DOTALL)


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

    def test_a_tax_code_is_set_and_shown(self, sandbox, client, send):
        client.v1.products.create({"id": "course_1", "name": "Etching"})

        send("dashboard/products/course_1", tax_code="txcd_10000000")

        assert client.v1.products.retrieve("course_1").tax_code == "txcd_10000000"
        assert "<code>txcd_10000000</code>" in sandbox.raw("GET", "/_sandbox/").text

    def test_how_a_price_is_taxed_is_offered_until_it_is_set(self, sandbox, client, send):
        usd = {"currency": "usd", "unit_amount": 4900}
        product = client.v1.products.create({"name": "Etching", "default_price_data": usd})
        button = 'name="tax_behavior" value="exclusive"'
        assert button in sandbox.raw("GET", "/_sandbox/").text

        send(f"dashboard/prices/{product.default_price}", tax_behavior="inclusive")

        page = sandbox.raw("GET", "/_sandbox/").text
        assert "tax inclusive" in page
        assert button not in page
        assert client.v1.prices.retrieve(product.default_price).tax_behavior == "inclusive"
        (event,) = client.v1.events.list({"type": "price.updated"}).data
        assert event.data.previous_attributes["tax_behavior"] == "unspecified"

    def test_an_id_of_digits_can_be_made_and_seeded(self, sandbox, send):
        send("dashboard/products", id="0012", name="Etching")
        send("seed", products="1", id="1e5")

        assert sandbox.products() == ["0012", "1e5"]

    def test_numbers_are_numbers_where_there_are_some(self, sandbox, send):
        send("settings", rate_limit_total="null", rate_limit_endpoint="7", webhook_retries="[1, 2.5]")
        send("clock", offset="3600")

        settings = sandbox.control("settings")
        assert (settings["rate_limit_total"], settings["rate_limit_endpoint"]) == (None, 7)
        assert settings["webhook_retries"] == [1, 2.5]
        assert sandbox.control("clock")["offset"] == 3600

    @pytest.mark.parametrize("offset", ["NaN", "Infinity", "1e999", "tomorrow"])
    def test_a_clock_is_set_by_numbers_only(self, sandbox, send, offset):
        assert send("clock", offset=offset).status_code == 400
        assert sandbox.control("clock")["offset"] == 0

    def test_a_faults_path_of_digits_is_a_pattern_too(self, sandbox, send):
        send("faults", kind="500", path="1", times="null", stored="false")

        fault = sandbox.control("faults")["faults"][0]
        assert (fault["kind"], fault["path"], fault["times"], fault["stored"]) == ("500", "1", None, False)


@pytest.fixture
def look(sandbox):
    """A page as a browser gets it."""

    def get(page="", *, status=200):
        answer = requests.get(f"{sandbox.url}/_sandbox/{page}", headers={"Accept": "text/html"}, timeout=PATIENCE)
        assert answer.status_code == status
        return answer.text

    return get


class TestErrors:
    @pytest.mark.parametrize(
        ("path", "fields", "status", "said"),
        [
            ("dashboard/products/course_1/price", {"unit_amount": "39,50"}, 400, "Invalid integer: 39,50"),
            ("dashboard/products/course_1/price", {"unit_amount": ""}, 400, "Prices require an `unit_amount` or"),
            ("dashboard/products/nobody/archive", {}, 404, "No such product: &#39;nobody&#39;"),
            ("faults", {"kind": "500", "path": "("}, 400, "path cannot be"),
            ("settings", {"rate_limit_total": "-1"}, 400, "rate_limit_total cannot be -1."),
            ("clock", {}, 400, "Send {"),
        ],
    )
    def test_a_person_is_told_in_a_sentence_and_led_back(self, client, send, path, fields, status, said):
        price = {"currency": "usd", "unit_amount": 4900}
        client.v1.products.create({"id": "course_1", "name": "Etching", "default_price_data": price})

        answer = send(path, page="?q=Etching&page=1", **fields)

        assert (answer.status_code, answer.headers["Content-Type"]) == (status, "text/html; charset=utf-8")
        assert said in answer.text
        assert 'href="/_sandbox/?q=Etching&amp;page=1"' in answer.text

    def test_an_api_client_gets_json(self, sandbox):
        answer = requests.post(f"{sandbox.url}/_sandbox/clock", data={"offset": "x"}, timeout=PATIENCE)

        assert (answer.status_code, list(answer.json())) == (400, ["error"])

    def test_nobody_is_led_elsewhere(self, sandbox):
        for headers in ({}, {"Referer": "https://elsewhere.example/page"}):
            answer = requests.post(
                f"{sandbox.url}/_sandbox/clock", data="a=1", headers=FORM | headers, timeout=PATIENCE
            )
            assert 'href="/_sandbox/">Go back' in answer.text

    def test_pages_are_closed_to_other_names_of_this_machine(self, sandbox):
        answer = requests.get(f"{sandbox.url}/_sandbox/", headers={"Host": "evil.example"}, timeout=PATIENCE)

        assert answer.status_code == 403
        assert "this machine only" in answer.text


class TestAccounts:
    @pytest.fixture
    def other(self, sandbox):
        """An account and mode with a product, and its query."""
        client = sandbox.client("sk_live_ACCT2_1")
        client.v1.products.create({"id": "course_1", "name": "Drypoint"})
        return f"account={client.v1.accounts.retrieve_current().id}&livemode=true"

    def test_everything_on_a_page_stays_with_the_account_shown(self, sandbox, look, other):
        sandbox.raw("POST", f"/_sandbox/seed?{other}", json={"products": 60})
        for page in ("", "pages/calls", "pages/faults", "pages/webhooks", "pages/clock"):
            text = look(f"{page}?{other}")
            assert "acct_1SandboxAccount2 · live mode</" in text
            places = re.findall(r'(?:action|href)="(/_sandbox/[^"]*)"', text)
            here = [place for place in places if other in unescape(place)]
            assert len(places) > 5
            # The style, and the way to the account of the start.
            assert len(places) - len(here) == 2
        assert f'href="/_sandbox/?page=2&amp;{other.replace("&", "&amp;")}"' in look(f"?{other}")

    def test_a_search_keeps_it(self, look, other):
        text = look(f"?{other}")

        (form,) = re.findall(r'<form method="get".*?</form>', text, re.DOTALL)
        assert 'name="account" value="acct_1SandboxAccount2"' in form
        assert 'name="livemode" value="true"' in form

    def test_what_is_made_there_is_there(self, sandbox, send, other):
        answer = send(f"dashboard/products?{other}", page=f"?{other}", id="course_2", name="Etching")

        assert answer.headers["Location"] == f"/_sandbox/?{other}"
        assert sandbox.products() == []
        assert len(sandbox.control(f"state?{other}")["products"]) == 2

    def test_the_others_are_a_link_away(self, sandbox, look, other):
        sandbox.control("keys", {"key": "sk_test_new", "account": "acct_new"})

        text = look("pages/webhooks")

        assert f'href="/_sandbox/pages/webhooks?{other.replace("&", "&amp;")}"' in text
        assert "acct_new · test mode" in text

    def test_one_that_was_only_asked_for_is_none(self, look):
        look("?account=acct_typo")

        assert "acct_typo" not in look()


class TestCatalogue:
    def test_the_last_of_many_pages(self, sandbox, look):
        sandbox.control("seed", {"products": 120})

        for page in ("3", "4", "9999999", "9" * 30):
            text = look(f"?page={page}")
            assert len(re.findall(r"<code>seed_\d+</code>", text)) == 20
            assert "Older" not in text
        assert "seed_120<" in look("?page=²")

    def test_a_far_page_is_as_near_as_the_first(self, sandbox, look):
        sandbox.control("seed", {"products": 10_000})

        def seconds(page):
            started = time.perf_counter()
            look(page)
            return time.perf_counter() - started

        small = min(seconds("?q=Course+9999") for _ in range(3))  # one product
        first, far = (min(seconds(page) for _ in range(3)) for page in ("?page=1", "?page=199"))
        assert far < 3 * first
        assert first < 5 * small

    def test_the_other_currencies_of_a_price_are_shown(self, sandbox, client, look):
        product = client.v1.products.create(
            {"name": "Etching", "default_price_data": {"currency": "usd", "unit_amount": 4900}}
        )
        euros = {"currency_options": {"eur": {"unit_amount": 100}}}
        sandbox.control(f"dashboard/prices/{product.default_price}", euros)

        assert "49.00 USD</strong><span> also 1.00 EUR" in look()

    def test_of_many_prices_the_newest_are_shown_and_the_others_counted(self, sandbox, look):
        sandbox.control("seed", {"products": 1, "archived_prices": 30})

        text = look()

        assert text.count("<code>price_") == 20
        assert "and 11 older ones" in text


@pytest.mark.parametrize("now", [10**11, 0])
def test_the_clock_can_be_set_right_again_whatever_it_says(sandbox, client, look, send, now):
    sandbox.control("clock", {"now": now})

    assert "Back to real time" in look("pages/clock")
    look("pages/calls")

    send("clock", offset="0")
    assert client.v1.products.create({"name": "A"}).created > 1_700_000_000


class TestFaults:
    def test_every_field_of_a_fault_is_on_the_page(self, look):
        text = look("pages/faults")

        fields = set(re.findall(r'name="([^"]+)"', text))
        assert {"kind", "when", "times", "every", "skip", "method", "path", "type", "target"} <= fields
        assert {"probability", "seed", "seconds", "stored", "reason", "error[status]", "error[message]"} <= fields
        # The usual ones need no unfolding.
        usual = set(re.findall(r'name="([^"]+)"', _unfolded(text)))
        assert usual == {"viewport", "kind", "when", "times", "path", "type", "target"}

    def test_one_is_set_as_the_page_sends_it(self, sandbox, look, send):
        fields = {"kind": "429", "when": "", "times": ["1", "null"], "path": "", "skip": "2", "every": ""}

        send("faults", **fields, probability="0.5", seed="7", stored="true", reason="endpoint-rate")

        fault = sandbox.control("faults")["faults"][0]
        assert (fault["times"], fault["skip"], fault["seed"], fault["reason"]) == (None, 2, 7, "endpoint-rate")
        assert "for ever, every 1, skip 2, chance 0.5 by seed 7, remembered, endpoint-rate" in look("pages/faults")

    def test_a_rejection_is_set_with_its_words(self, client, send):
        send(
            "faults", kind="refuse", **{"error[status]": "402", "error[code]": "card_declined", "error[message]": "No."}
        )

        with pytest.raises(CardError) as rejected:
            client.v1.products.create({"name": "Etching"})
        assert (rejected.value.code, rejected.value.user_message) == ("card_declined", "No.")

    def test_one_is_removed_and_all_are(self, sandbox, look, send):
        for kind in ("500", "502", "503"):
            send("faults", kind=kind)
        removals = re.findall(r'action="/_sandbox/(faults/\d+/remove)"', look("pages/faults"))

        assert send(removals[0]).status_code == 303
        assert [fault["kind"] for fault in sandbox.control("faults")["faults"]] == ["502", "503"]
        send("faults/remove")
        assert sandbox.control("faults")["faults"] == []
        assert "Remove" not in look("pages/faults")


@pytest.mark.parametrize(("page", "action"), [("", "dashboard/products/course_1/delete"), ("pages/clock", "reset")])
def test_what_cannot_be_taken_back_is_asked_twice(client, look, page, action):
    client.v1.products.create({"id": "course_1", "name": "Etching"})

    text = look(page)

    assert f'action="/_sandbox/{action}"' in text
    assert action not in _unfolded(text)


class TestWebhooks:
    @pytest.fixture
    def secrets(self, look):
        def read(query=""):
            return re.findall(r"<code>(whsec_\w+)</code>", look(f"pages/webhooks{query}"))

        return read

    def test_an_endpoint_is_made_and_its_secret_shown(self, client, send, secrets, look, receiver):
        answer = send("dashboard/webhook_endpoints", url=receiver.url, enabled_events="product.created, price.created")

        endpoint = client.v1.webhook_endpoints.list().data[0]
        assert (endpoint.url, endpoint.enabled_events) == (receiver.url, ["product.created", "price.created"])
        assert answer.headers["Location"] == f"/_sandbox/pages/webhooks?secret={endpoint.id}"
        (secret,) = secrets(f"?secret={endpoint.id}")
        assert "<details open><summary>1 signing" in look(f"pages/webhooks?secret={endpoint.id}")
        assert "<details open" not in look("pages/webhooks")
        client.v1.products.create({"name": "Etching"})
        receiver.wait(1)
        assert stripe.Webhook.construct_event(receiver.got[0][1], receiver.got[0][0], secret)

    def test_one_that_stripe_would_reject_is_rejected(self, client, send):
        for fields in ({"url": "nowhere", "enabled_events": "*"}, {"url": "http://a.example/", "enabled_events": "x"}):
            assert send("dashboard/webhook_endpoints", **fields).status_code == 400
        assert not client.v1.webhook_endpoints.list().data

    @pytest.mark.parametrize(("seconds", "signing"), [("86400", 2), ("0", 1)])
    def test_a_secret_is_rolled(self, client, send, secrets, receiver, seconds, signing):
        endpoint = client.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["*"]})
        (old,) = secrets()

        answer = send(f"dashboard/webhook_endpoints/{endpoint.id}/roll", expires_in=seconds, page="pages/webhooks")

        assert answer.headers["Location"].endswith(f"secret={endpoint.id}")
        newest, *rest = secrets()
        assert (newest != old, rest) == (True, [old][: signing - 1])

    def test_a_delivery_has_its_time_and_its_body(self, sandbox, client, look, receiver):
        client.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["*"]})
        sandbox.control("clock", {"now": 2_000_000_000})
        client.v1.products.create({"name": "<Etching>"})
        event = receiver.wait(1)[0]
        until(lambda: "delivered" in look("pages/webhooks"), "the delivery")

        text = look("pages/webhooks")

        assert "2033-05-18 03:33" in text
        shown = json.loads(unescape(re.findall(r"<pre.*?><code>(.*?)</code></pre>", text, re.DOTALL)[0]))
        assert shown == event | {"pending_webhooks": 0}

    def test_deliveries_are_paged_and_those_of_the_account_shown(self, sandbox, client, look):
        sandbox.fault("delay", target="webhook", seconds=3600, times=None)
        client.v1.webhook_endpoints.create({"url": "http://127.0.0.1:9/", "enabled_events": ["*"]})
        for number in range(53):
            client.v1.products.create({"name": f"number {number}"})

        assert look("pages/webhooks").count("product.created<br>") == 50
        older = re.findall(r"\?before=\d+", look("pages/webhooks"))[0]
        assert look(f"pages/webhooks{older}").count("product.created<br>") == 3
        assert "Nothing was sent." in look("pages/webhooks?livemode=true")


PAGES = ("", "pages/calls", "pages/calls?live=1", "pages/faults", "pages/webhooks", "pages/clock")


@pytest.mark.parametrize("page", PAGES)
def test_every_cell_has_its_columns_name_on_a_narrow_screen(sandbox, client, look, receiver, page):
    client.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["*"]})
    client.v1.products.create({"name": "Etching"})
    sandbox.fault("500")

    text = look(page)

    assert re.findall("<td", text)
    assert all(label for label in re.findall('<td role="cell" data-label="([^"]*)"', text))
    assert len(re.findall("<td", text)) == len(re.findall('<td role="cell" data-label="[^"]', text))
    assert not re.findall("<th[^>]*></th>", text)


class TestTheLogAsItHappens:
    def test_a_script_of_its_own_follows_it(self, sandbox, client, look):
        client.v1.products.create({"name": "Etching"})

        text = look("pages/calls?live=1")

        assert '<script src="/_sandbox/live.js" defer></script>' in text
        assert f'id="call-{sandbox.calls()[0]["seq"]}"' in text
        script = requests.get(f"{sandbox.url}/_sandbox/live.js", timeout=PATIENCE)
        assert (script.status_code, script.headers["Content-Type"]) == (200, "text/javascript; charset=utf-8")

    def test_without_a_script_a_link_does(self, look):
        text = look("pages/calls?live=1&account=acct_2")

        assert "http-equiv" not in text
        assert re.search('href="/_sandbox/pages/calls[?]live=1&amp;account=acct_2[^"]*">Refresh<', text)
        assert "Stop following" in text

    @pytest.mark.parametrize("page", [page for page in PAGES if "live" not in page])
    def test_no_other_page_has_one(self, look, page):
        assert "<script" not in look(page)
