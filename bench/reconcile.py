"""Comparing the whole catalogue with Stripe: requests, time and memory of `manage.py reconcile`.

Every product in the sandbox is ours and mirrored; then some are edited in the Dashboard. Beside it dj-stripe's
equivalent, `djstripe_sync_models`, on a smaller catalogue of the same kind: it makes a request and several queries per
object, so its time is proportional to their number, and is extrapolated to the large one.
"""

import random
import tempfile
from argparse import Namespace
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rig import catalogue, dj_stripe
from rig.databases import ENGINES, database
from rig.processes import Portal, Stripe, parsed, sandbox
from rig.report import at_least, at_most, must, options, run, say, tell

PAGE = 100
MEGABYTES_GOAL = 200
FASTER_GOAL = 10


def main() -> None:
    chosen = arguments()
    seconds = large(chosen)
    if chosen.peer:
        beside(chosen, seconds)


def arguments() -> Namespace:
    parser = options(__doc__)
    parser.add_argument("--products", type=int, default=100_000)
    parser.add_argument("--peer-products", type=int, default=2_000)
    parser.add_argument("--edits", type=int, default=50)
    parser.add_argument("--database", choices=ENGINES, default="sqlite")
    parser.add_argument("--no-peer", dest="peer", action="store_false", help="without dj-stripe")
    chosen = parser.parse_args()
    if chosen.small:
        chosen.products, chosen.peer_products, chosen.edits = 1_000, 50, 10
    return chosen


def large(chosen: Namespace) -> float:
    """Compare once without differences, and once after the edits; returns the seconds of the first."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name, ExitStack() as stack:
        stripe = stack.enter_context(sandbox())
        kept = stack.enter_context(database(chosen.database, Path(name)))
        chance = random.Random(chosen.seed)
        products = catalogue.seed(stripe, chosen.products, chance)
        portal = Portal.over(kept.url, stripe, Path(name))
        portal.prepare("mirror")
        say(f"\n{chosen.products:,} products of ours, as many active prices and as many archived ones, {kept.engine}")
        seconds = compare_agreeing(portal, stripe, chosen.products)
        edited = chance.sample(products, chosen.edits)
        catalogue.edit(stripe, catalogue.drifts(edited, catalogue.archived_prices(stripe), chance))
        compare_edited(portal, edited)
    return seconds


def compare_agreeing(portal: Portal, stripe: Stripe, count: int) -> float:
    first_call = stripe.last_call()
    measured = portal.measure("reconcile", "--json")
    must(measured.status == 0, f"reconcile found something where all agree: {measured.output[-2000:]}")
    calls = len([call for call in stripe.calls_since(first_call) if call["path"] != "/v1/account"])
    pages = 3 * -(-count // PAGE)
    must(calls == pages, f"{calls} calls, {pages} are in the table")
    tell("calls", calls, "", "ceil(N/100) + ceil(A/100) + ceil(B/100), as the table has it")
    tell("time", measured.seconds, "s", f"{count / measured.seconds:,.0f} products a second")
    tell("peak memory", measured.megabytes, "MB", at_most(MEGABYTES_GOAL, measured.megabytes))
    return measured.seconds


def compare_edited(portal: Portal, edited: list[str]) -> None:
    measured = portal.measure("reconcile", "--json")
    must(measured.status == 1, f"reconcile ended with {measured.status}: {measured.output[-2000:]}")
    report: dict[str, Any] = parsed(measured)
    found = {drift["course_id"].replace("-", "") for drift in report["drift"]}
    expected = {product.removeprefix("course_") for product in edited}
    right = len(found & expected)
    must(found == expected, f"of {len(expected)} edits {right} were found, and {len(found) - right} that were not made")
    note = f"of {len(expected)}, in {measured.seconds:.1f} s, with the reads that tell ours from theirs"
    tell("edits in the Dashboard found", right, "", note)
    tell("peak memory", measured.megabytes, "MB", at_most(MEGABYTES_GOAL, measured.megabytes))


def beside(chosen: Namespace, seconds: float) -> None:
    versions = dj_stripe.install()
    say(f"\n{chosen.peer_products:,} products, ours beside {versions}")
    with tempfile.TemporaryDirectory(prefix="bench-") as name, ExitStack() as stack:
        folder = Path(name)
        stripe = stack.enter_context(sandbox())
        catalogue.seed(stripe, chosen.peer_products, random.Random(chosen.seed))
        (folder / "peer").mkdir()
        other = stack.enter_context(database(chosen.database, folder / "peer"))
        theirs = measure_peer(dj_stripe.Peer.over(other.url, stripe, folder / "peer"), stripe)
        kept = stack.enter_context(database(chosen.database, folder))
        portal = Portal.over(kept.url, stripe, folder)
        portal.prepare("mirror")
        ours = portal.measure("reconcile", "--json").seconds
    tell("ours", ours, "s", f"{theirs / ours:.1f} times faster at this size")
    extrapolated = theirs / chosen.peer_products * chosen.products
    tell(f"dj-stripe, extrapolated to {chosen.products:,}", extrapolated, "s")
    ratio = extrapolated / seconds
    tell(f"faster than dj-stripe at {chosen.products:,}", ratio, "times", at_least(FASTER_GOAL, ratio))


def measure_peer(peer: dj_stripe.Peer, stripe: Stripe) -> float:
    """The second of two runs: both know the objects by then, and only compare or update them."""
    peer.prepare()
    must(peer.sync("Product", "Price").status == 0, "djstripe_sync_models failed the first time")
    first_call = stripe.last_call()
    measured = peer.sync("Product", "Price")
    must(measured.status == 0, f"djstripe_sync_models failed: {measured.output[-2000:]}")
    tell("djstripe_sync_models Product Price", measured.seconds, "s", f"{len(stripe.calls_since(first_call)):,} calls")
    tell("its peak memory", measured.megabytes, "MB")
    return measured.seconds


if __name__ == "__main__":
    run(main)
