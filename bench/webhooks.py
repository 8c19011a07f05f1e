"""Webhooks: how fast they are stored and acknowledged, and then processed; beside dj-stripe's own endpoint.

Events of real Dashboard edits of our courses, each delivered twice, shuffled, with forged ones among them; delivered
over HTTP to the production web server. When all are acknowledged the workers begin; the processing time counts from the
first delivery. Afterwards the mirror must equal the sandbox, no forged event may be stored, and no response may be a
5xx. dj-stripe processes an event before it responds, unless told to leave that to a task of the project's; it is
measured both ways.
"""

import hmac
import json
import random
import tempfile
import time
from argparse import Namespace
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rig import catalogue, dj_stripe
from rig.clients import Load, load
from rig.databases import ENGINES, Database, database, engines
from rig.processes import WEBHOOK_SECRET, Portal, Stripe, sandbox
from rig.report import at_least, must, options, run, say, tell

STORED_GOAL, PROCESSED_GOAL = 20, 5
WORKERS = 2  # as many processes as gunicorn has, in which dj-stripe does its processing
FORGED_SHARE = 0.05
PROCESSED_WITHIN = 1800.0
WAITING = "SELECT count(*) FROM billings_stripeevent WHERE processed_at IS NULL"
BEHIND = """SELECT count(*) FROM billings_billingproduct
    WHERE generation <> observed_generation OR reads_requested <> reads_done"""


@dataclass(frozen=True)
class Delivery:
    body: bytes
    secret: str


@dataclass(frozen=True)
class Mail:
    """The deliveries: events, each twice, and forged ones."""

    deliveries: list[Delivery]
    genuine: int
    forged: int


@dataclass(frozen=True)
class Result:
    stored: float
    """Deliveries answered a second."""
    processed: float
    """Genuine events whose meaning had reached the mirror, a second, from the first delivery on."""


def main() -> None:
    chosen = arguments()
    chance = random.Random(chosen.seed)
    with tempfile.TemporaryDirectory(prefix="bench-") as name, ExitStack() as stack:
        folder = Path(name)
        stripe = stack.enter_context(sandbox())
        products = catalogue.seed(stripe, chosen.courses, chance)
        portals = [
            our_portal(stack.enter_context(database(engine, place(folder, engine))), stripe, place(folder, engine))
            for engine in engines(chosen.database)
        ]
        mail = write_mail(stripe, products, chosen.events, chance)
        say(
            f"{mail.genuine:,} events about {chosen.courses:,} courses and {mail.forged:,} forged ones, each twice: "
            f"{len(mail.deliveries):,} deliveries over {chosen.connections} connections; "
            f"Stripe takes {chosen.latency:g} s a call"
        )
        if chosen.peer:
            say(f"dj-stripe in a virtualenv of its own: {dj_stripe.install()}")
        stripe.answer_after(chosen.latency)
        for kept, portal in portals:
            compare(kept, portal, stripe, mail, chosen)


def arguments() -> Namespace:
    parser = options(__doc__)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--courses", type=int, default=2_000)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that Stripe takes for a call")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--database", choices=ENGINES, help="only this one; else both, if both are there")
    parser.add_argument("--no-peer", dest="peer", action="store_false", help="without dj-stripe")
    chosen = parser.parse_args()
    if chosen.small:
        chosen.events, chosen.courses, chosen.database = 300, 60, chosen.database or "sqlite"
    return chosen


def place(folder: Path, name: str) -> Path:
    (folder / name).mkdir(exist_ok=True)
    return folder / name


def our_portal(kept: Database, stripe: Stripe, folder: Path) -> tuple[Database, Portal]:
    """With every course in sync, as Stripe was before the edits."""
    portal = Portal.over(kept.url, stripe, folder)
    portal.prepare("mirror")
    return kept, portal


def write_mail(stripe: Stripe, products: list[str], count: int, chance: random.Random) -> Mail:
    """Real edits make real events; forged ones look the same, except for their ids and signatures."""
    forged = round(count * FORGED_SHARE)
    old_prices = catalogue.archived_prices(stripe)
    edits: list[catalogue.Edit] = []
    for number in range(count - forged):
        product = chance.choice(products)
        if chance.random() < 0.6:
            edits.append((f"products/{product}", {"name": f"Renamed {number}"}))
        else:
            edits.append((f"prices/{old_prices[product]}", {"nickname": f"Edited {number}", "active": number % 3 == 0}))
    catalogue.edit(stripe, edits)
    genuine = catalogue.events(stripe, count - forged)
    must(len(genuine) == count - forged, f"{len(genuine)} events for {len(edits)} edits")
    lies = [forge(body, number) for number, body in enumerate(chance.sample(genuine, forged))]
    signed = [(genuine, WEBHOOK_SECRET), (lies, "whsec_forged")]
    deliveries = [Delivery(body, secret) for bodies, secret in signed for body in bodies] * 2
    chance.shuffle(deliveries)
    return Mail(deliveries, len(genuine), forged)


def forge(body: bytes, number: int) -> bytes:
    event = json.loads(body)
    event["id"] = f"evt_forged_{number}"
    return json.dumps(event, indent=2).encode()


def compare(kept: Database, portal: Portal, stripe: Stripe, mail: Mail, chosen: Namespace) -> None:
    say(f"\n{kept.engine}")
    ours = measure_ours(kept, portal, stripe, mail, chosen.connections)
    if not chosen.peer:
        return
    theirs = measure_peer(kept.engine, place(portal.folder, "peer"), stripe, mail, chosen.connections)
    stored, processed = ours.stored / theirs.stored, ours.processed / theirs.processed
    tell("faster than dj-stripe, stored and answered", stored, "times", at_least(STORED_GOAL, stored))
    tell("faster than dj-stripe, fully processed", processed, "times", at_least(PROCESSED_GOAL, processed))
    later = measure_storing_peer(kept.engine, place(portal.folder, "later"), stripe, mail, chosen.connections)
    tell("faster than dj-stripe that leaves processing to others", ours.stored / later, "times")


def measure_ours(kept: Database, portal: Portal, stripe: Stripe, mail: Mail, connections: int) -> Result:
    first_call = stripe.last_call()
    with portal.web():
        started = time.perf_counter()
        answered = deliver(portal.url, "/billing/webhooks/stripe/", mail.deliveries, connections)
        with ExitStack() as stack:
            for number in range(WORKERS):
                stack.enter_context(portal.worker(number))
            wait_until_processed(kept)
        seconds = time.perf_counter() - started
    tell_answers("ours", answered)
    check_refused(answered, mail)
    result = Result(answered.per_second, mail.genuine / seconds)
    tell("ours: events fully processed", result.processed, "a second", f"{seconds:.1f} s from the first delivery on")
    tell("ours: calls to Stripe for that", len(stripe.calls_since(first_call)), "reads")
    check_stored(kept.number("SELECT count(*) FROM billings_stripeevent"), mail)
    check_mirror(kept, stripe)
    return result


def wait_until_processed(kept: Database) -> None:
    give_up_at = time.monotonic() + PROCESSED_WITHIN
    while kept.number(WAITING) or kept.number(BEHIND):
        must(time.monotonic() < give_up_at, "the worker did not get through in time")
        time.sleep(0.2)


def deliver(url: str, path: str, deliveries: list[Delivery], connections: int) -> Load:
    return load(url, deliveries, partial(letter, path), connections=connections)


def letter(path: str, delivery: Delivery) -> bytes:
    """A delivery as Stripe sends it, signed now (https://docs.stripe.com/webhooks#verify-manually)."""
    moment = int(time.time())
    signed = hmac.digest(delivery.secret.encode(), b"%d." % moment + delivery.body, "sha256").hex()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: Stripe/1.0 (+https://stripe.com/docs/webhooks)\r\n"
        "Accept: */*; q=0.5, application/xml\r\nCache-Control: no-cache\r\n"
        f"Content-Type: application/json; charset=utf-8\r\nContent-Length: {len(delivery.body)}\r\n"
        f"Stripe-Signature: t={moment},v1={signed}\r\n\r\n"
    )
    return head.encode() + delivery.body


def tell_answers(who: str, answered: Load) -> None:
    tell(
        f"{who}: stored and answered",
        answered.per_second,
        "a second",
        f"median {answered.median:.1f} ms, 99 % within {answered.slowest_hundredth:.0f} ms",
    )
    failed = sum(count for status, count in answered.statuses.items() if status >= 500)
    if failed:
        tell(f"{who}: answered 5xx", failed, "")


def check_refused(answered: Load, mail: Mail) -> None:
    must(max(answered.statuses) < 500, f"answered 5xx: {dict(answered.statuses)}")
    must(answered.statuses[400] == mail.forged * 2, f"of {mail.forged} forged ones, twice: {dict(answered.statuses)}")


def check_stored(count: int, mail: Mail) -> None:
    must(count == mail.genuine, f"{count} events stored, {mail.genuine} were genuine")


def check_mirror(kept: Database, stripe: Stripe) -> None:
    """Every mirrored column of products, and every price."""
    names = ("id", "name", "description", "default_price", "active")
    columns = "stripe_id, observed_name, observed_description, observed_default_price, observed_active"
    rows = kept.rows(f"SELECT {columns} FROM billings_billingproduct")
    ours = {(*row[:4], bool(row[4])) for row in rows}
    state = stripe.control("GET", "state")
    must(ours == {tuple(one[name] for name in names) for one in state["products"]}, "products differ from the sandbox")
    prices = {(key, bool(active)) for key, active in kept.rows("SELECT stripe_id, active FROM billings_billingprice")}
    must(prices == {(one["id"], one["active"]) for one in state["prices"]}, "prices differ from the sandbox")
    say(f"  the mirror equals the sandbox: {len(ours):,} products, {len(prices):,} prices")


def measure_peer(engine: str, folder: Path, stripe: Stripe, mail: Mail, connections: int) -> Result:
    """By default: it processes before it responds."""
    first_call = stripe.last_call()
    with database(engine, folder) as kept:
        answered = deliver_to_peer(kept, stripe, folder, mail.deliveries, connections)
        stored = kept.number("SELECT count(*) FROM djstripe_event")
    tell_answers("dj-stripe", answered)
    result = Result(answered.per_second, stored / answered.seconds)
    tell("dj-stripe: events fully processed", result.processed, "a second", f"{answered.seconds:.1f} s")
    tell("dj-stripe: calls to Stripe for that", len(stripe.calls_since(first_call)), "reads")
    return result


def measure_storing_peer(engine: str, folder: Path, stripe: Stripe, mail: Mail, connections: int) -> float:
    """With a callback that does nothing instead of a task; a part of the deliveries is enough to measure it."""
    some = mail.deliveries[: len(mail.deliveries) // 4]
    with database(engine, folder) as kept:
        answered = deliver_to_peer(kept, stripe, folder, some, connections, PEER_ONLY_STORES="1")
    tell_answers("dj-stripe that leaves processing to others", answered)
    return answered.per_second


def deliver_to_peer(
    kept: Database, stripe: Stripe, folder: Path, deliveries: list[Delivery], connections: int, **settings: str
) -> Load:
    peer = dj_stripe.Peer.over(kept.url, stripe, folder, **settings)
    peer.prepare()
    with peer.web():
        return deliver(peer.url, peer.webhook_path, deliveries, connections)


if __name__ == "__main__":
    run(main)
