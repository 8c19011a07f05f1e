"""The command line, `stripe-sandbox`."""

from __future__ import annotations

import argparse
import errno
import ipaddress
import os
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence

from stripe_sandbox import permissions, server
from stripe_sandbox.app import application
from stripe_sandbox.errors import ApiError
from stripe_sandbox.store import BadState
from stripe_sandbox.values import is_address
from stripe_sandbox.world import Options, World

DEFAULT_PORT = 12111


class CannotStart(Exception):
    """Says in one sentence why the sandbox cannot start."""


def main(arguments: Sequence[str] | None = None) -> int:
    try:
        _serve(_parser(os.environ).parse_args(arguments))
    except CannotStart as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _parser(environ: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("stripe-sandbox", description="A Stripe stand-in on this machine.")
    option = parser.add_argument
    option("--host", default="127.0.0.1", help="a loopback address")
    option(
        "--port", default=environ.get("SANDBOX_PORT") or DEFAULT_PORT, type=int, help="0: any free one (SANDBOX_PORT)"
    )
    option(
        "--state", default=environ.get("SANDBOX_STATE"), help="file that keeps everything (SANDBOX_STATE); else memory"
    )
    option("--webhook-url", default=environ.get("SANDBOX_WEBHOOK_URL"), help="where events go (SANDBOX_WEBHOOK_URL)")
    option(
        "--webhook-secret",
        default=environ.get("STRIPE_WEBHOOK_SECRET"),
        help="or several, by comma (STRIPE_WEBHOOK_SECRET)",
    )
    option(
        "--webhook-payload",
        default=environ.get("SANDBOX_WEBHOOK_PAYLOAD") or "snapshot",
        choices=("snapshot", "thin"),
        help="what it is sent (SANDBOX_WEBHOOK_PAYLOAD)",
    )
    option(
        "--secret-key", default=environ.get("STRIPE_SECRET_KEY"), help="the only key that is taken (STRIPE_SECRET_KEY)"
    )
    option(
        "--permissions",
        default=environ.get("SANDBOX_PERMISSIONS"),
        help="what restricted keys may do, by comma: rak_product_write,rak_plan_read,… (SANDBOX_PERMISSIONS)",
    )
    option("--rate-limits", action="store_true", help="Stripe's: 25 requests a second, 100 in live mode")
    return parser


def _serve(options: Namespace) -> None:
    if not _is_loopback(options.host):
        raise CannotStart(f"The Stripe sandbox listens on this machine only, so not on {options.host}.")
    try:
        listener = server.listen(options.host, options.port)
    except (OSError, OverflowError) as error:
        raise CannotStart(f"The Stripe sandbox cannot use port {options.port}: {_reason(error)}.") from error
    with listener:
        world = _world(options)
        host, port = listener.getsockname()[:2]
        place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        server.serve(
            application(world),
            listener,
            started=lambda: _say(f"Stripe sandbox on http://{place}/"),
            ending=world.end,
        )


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _world(options: Namespace) -> World:
    secrets = tuple(part.strip() for part in (options.webhook_secret or "").split(",") if part.strip())
    if options.webhook_url and not secrets:
        raise CannotStart("--webhook-url needs --webhook-secret, with which the events are signed.")
    if options.webhook_url and not is_address(options.webhook_url):
        raise CannotStart("--webhook-url must be an address like http://127.0.0.1:8000/stripe/webhook.")
    try:
        state, url, key = options.state or None, options.webhook_url or None, options.secret_key or None
        may = _permissions(options.permissions)
        return World(Options(state, url, secrets, key, options.rate_limits, options.webhook_payload, may))
    except BadState as error:
        raise CannotStart(
            f"{options.state} cannot be used: another sandbox has it, or it is no state file, or its folder is missing."
        ) from error
    except ApiError as error:
        raise CannotStart("--secret-key must look like sk_test_… or sk_live_….") from error


def _permissions(names: str | None) -> frozenset[str]:
    try:
        return permissions.read(names) if names else permissions.EVERYTHING
    except ValueError as error:
        raise CannotStart("--permissions are names like rak_product_write, with commas between them.") from error


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return "another program has it"
    return (getattr(error, "strerror", None) or str(error)).lower()
