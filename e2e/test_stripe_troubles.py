"""Stripe is down, or rejects our key: the teacher's work is safe, and the page shows the status."""

from playwright.sync_api import expect

from e2e.pages import Editor, StaffPrices
from e2e.people import AUTHOR, STAFF
from e2e.processes import Portal
from e2e.visits import Visit
from tools.testing.sandbox import Sandbox


def test_a_save_waits_for_stripe_and_is_carried_out_by_itself(visit: Visit, sandbox: Sandbox, title: str) -> None:
    editor = Editor(visit(AUTHOR)).open()
    editor.mark()
    sandbox.fault("reset", times=None)
    editor.write(title=title, price="49")
    editor.save()
    expect(editor.status).to_contain_text("Waiting for Stripe")
    expect(editor.status).to_contain_text("Your change is safe")

    sandbox.clear_faults()
    expect(editor.status).to_contain_text("Ready at $49.00")
    editor.expect_no_reload()


def test_trying_now_does_not_wait_for_the_worker(visit: Visit, sandbox: Sandbox, title: str) -> None:
    editor = Editor(visit(AUTHOR, java_script_enabled=False)).open()
    sandbox.fault("503", times=None)
    editor.write(title=title, price="49")
    editor.save()
    expect(editor.status).to_contain_text("Waiting for Stripe")

    sandbox.clear_faults()
    editor.try_now()
    expect(editor.status).to_contain_text("Ready at $49.00")


def test_a_wrong_key_is_not_the_teachers_to_mend(visit: Visit, portal: Portal, sandbox: Sandbox, title: str) -> None:
    editor = Editor(visit(AUTHOR)).open()
    sandbox.fault("401", times=None)
    editor.write(title=title, price="49")
    editor.save()
    expect(editor.status).to_contain_text("Needs attention")
    expect(editor.status).to_contain_text("There is nothing for you to do")

    prices = StaffPrices(visit(STAFF)).open()
    prices.search(title)
    expect(prices.row(title)).to_contain_text("STRIPE_SECRET_KEY")

    sandbox.clear_faults()
    portal.manage("converge", "--course", editor.course_id)
    editor.page.reload()
    expect(editor.status).to_contain_text("Ready at $49.00")


def test_the_seconds_until_the_next_try_count_down(visit: Visit, sandbox: Sandbox, title: str) -> None:
    editor = Editor(visit(AUTHOR)).open()
    sandbox.fault("reset", times=None)
    editor.write(title=title, price="49")
    editor.save()
    expect(editor.status.get_by_role("timer")).to_be_visible()
    editor.page.wait_for_function(
        """() => {
            const shown = Number(document.querySelector("#status [role=timer]")?.textContent);
            const ticked = shown === window.before - 1;
            window.before = shown;
            return ticked;
        }"""
    )


def test_no_message_claims_what_the_status_contradicts_a_moment_later(
    visit: Visit, sandbox: Sandbox, title: str
) -> None:
    editor = Editor(visit(AUTHOR)).open()
    sandbox.fault("reset", times=None)
    editor.write(title=title, price="49")
    editor.save()
    expect(editor.toasts).to_contain_text("Saved. Stripe follows; the status says when.")
    expect(editor.page.locator(".toast-note-success")).to_have_count(0)
