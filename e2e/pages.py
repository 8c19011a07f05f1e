"""Page objects: the portal's pages in users' terms. Only this module knows what a page looks like inside."""

import json
import re
from typing import Any, Self

from playwright.sync_api import Locator, Page, expect


class PortalPage:
    """What every page has: a heading, messages, and navigation."""

    address = "/"

    def __init__(self, page: Page) -> None:
        self.page = page

    def open(self) -> Self:
        self.page.goto(self.address)
        return self

    @property
    def heading(self) -> Locator:
        return self.page.get_by_role("heading", level=1)

    @property
    def toasts(self) -> Locator:
        """Messages that come and go; `role=status`."""
        return self.page.get_by_role("status")

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def link(self, name: str) -> Locator:
        return self.page.get_by_role("link", name=name, exact=True)

    @property
    def error_summary(self) -> Locator:
        """The summary of a form's errors, above the form."""
        return self.page.get_by_role("group", name=re.compile("There is a problem|things to fix"))

    def sign_out(self) -> None:
        self.button("Sign out").click()
        expect(self.heading).to_have_text("Sign in")

    def mark(self) -> None:
        """Mark this document, so that a page load can be detected."""
        self.page.evaluate("document.wasNeverReloaded = true")

    def expect_no_reload(self) -> None:
        assert self.page.evaluate("document.wasNeverReloaded === true"), "the page was reloaded"


class SignIn(PortalPage):
    address = "/accounts/login/"

    def as_(self, email: str, password: str) -> None:
        self.page.get_by_label("Email").fill(email)
        self.page.get_by_label("Password", exact=True).fill(password)
        self.page.get_by_role("main").get_by_role("button", name="Sign in").click()


class SignUp(PortalPage):
    address = "/accounts/signup/"

    def as_teacher(self, email: str, password: str) -> None:
        self.page.get_by_label("Email").fill(email)
        self.page.get_by_label("Password", exact=True).fill(password)
        self.page.get_by_role("main").get_by_role("button", name="Sign up").click()


class ConfirmAddress(PortalPage):
    """Where the link in an email leads."""

    def at(self, link: str) -> Self:
        self.page.goto(link)
        return self

    def yes(self) -> None:
        self.button("Yes, confirm it").click()


class Addresses(PortalPage):
    address = "/accounts/email/"

    def row(self, email: str) -> Locator:
        return self.page.get_by_role("listitem").filter(has_text=email)

    def add(self, email: str) -> None:
        self.page.get_by_label("Email").fill(email)
        self.button("Add it").click()

    def say_who_one_is(self, password: str) -> None:
        expect(self.heading).to_have_text("Is it still you?")
        self.page.get_by_label("Password", exact=True).fill(password)
        self.button("Go on").click()

    def make_primary(self, email: str) -> None:
        self.button(f"Make primary {email}").click()


class ForgottenPassword(PortalPage):
    def of(self, email: str) -> None:
        self.page.get_by_label("Email").fill(email)
        self.button("Send the link").click()

    def choose(self, password: str) -> None:
        self.page.get_by_label("New Password", exact=True).fill(password)
        self.page.get_by_label("New Password (again)", exact=True).fill(password)
        self.button("Change password").click()


class CourseList(PortalPage):
    address = "/courses/"

    def new_course(self) -> "Editor":
        self.link("New course").first.click()
        return Editor(self.page)

    def course(self, title: str) -> Locator:
        return self.page.get_by_role("row").filter(has=self.page.get_by_role("link", name=title, exact=True))

    def search(self, text: str) -> None:
        self.page.get_by_role("searchbox", name="Search your courses").fill(text)


class Editor(PortalPage):
    """The page on which a course is created and edited."""

    address = "/courses/new/"

    def of(self, course: dict[str, Any]) -> Self:
        self.page.goto(course["url"])
        return self

    def field(self, label: str) -> Locator:
        return self.page.get_by_label(label, exact=True)

    def write(self, **fields: str) -> Self:
        """`write(title="Watercolour", price="49")`: type into the fields with these labels, in this order."""
        for name, text in fields.items():
            self.field(name.capitalize()).fill(text)
        return self

    def choose_picture(self, name: str, content: bytes) -> None:
        self.field("Picture").set_input_files({"name": name, "mimeType": "image/png", "buffer": content})

    @property
    def save_state(self) -> Locator:
        """Beside Save: whether everything is saved."""
        return self.page.locator("#save-state")

    @property
    def notices(self) -> Locator:
        """Messages that stay until they are resolved or answered."""
        return self.page.get_by_role("region", name="Notices")

    @property
    def plan(self) -> Locator:
        """What saving would do."""
        return self.page.locator("#plan")

    @property
    def status(self) -> Locator:
        """How the course stands with Stripe."""
        return self.page.get_by_role("region", name="In Stripe")

    def message_beside(self, label: str) -> Locator:
        """A field's error, found the way a screen reader finds it."""
        return self._describes(label, "error")

    def note_beside(self, label: str) -> Locator:
        """How a field's text was understood."""
        return self._describes(label, "note")

    def _describes(self, label: str, part: str) -> Locator:
        ids = str(self.field(label).get_attribute("aria-describedby")).split()
        return self.page.locator(f"#{next(one for one in ids if one.endswith(part))}")

    def save(self) -> None:
        self.button("Save").click()

    def expect_saved(self) -> None:
        """The page is at the course's own URL, where it shows its status."""
        expect(self.page).to_have_url(re.compile(r"/courses/[0-9a-f-]{36}/$"))
        expect(self.status).to_be_visible()

    def publish(self) -> None:
        self.button("Publish").click()

    def archive(self) -> None:
        """It asks once: the button appears with what happens to buyers."""
        self.page.get_by_text("Archive…").click()
        expect(self.page.get_by_text(re.compile("People who bought it keep it")).first).to_be_visible()
        self.button("Archive this course").click()

    def restore(self) -> None:
        self.button("Restore").click()

    def try_now(self) -> None:
        self.button("Try now").click()

    def price_history(self) -> "PriceHistory":
        self.link("Price history").click()
        return PriceHistory(self.page)

    @property
    def course_id(self) -> str:
        found = re.search(r"/courses/([0-9a-f-]{36})/", self.page.url)
        assert found, f"not a course's address: {self.page.url}"
        return found.group(1)


class Conflict(PortalPage):
    """Both versions of what two people changed."""

    def choice(self, field: str) -> Locator:
        return self.page.get_by_role("group", name=field, exact=True).first  # its two texts are groups of that name too

    def keep_mine(self, field: str) -> None:
        self.choice(field).get_by_role("radio", name=re.compile("^Yours")).check()

    def keep_theirs(self, field: str) -> None:
        self.choice(field).get_by_role("radio", name=re.compile("^Saved by")).check()

    def save(self) -> None:
        self.button("Save this choice").click()


class PriceHistory(PortalPage):
    @property
    def prices(self) -> Locator:
        return self.page.get_by_role("table").get_by_role("rowheader")

    def back(self) -> Editor:
        self.link("Back to the course").click()
        return Editor(self.page)


class StaffPrices(PortalPage):
    address = "/billing/prices/"

    def row(self, title: str) -> Locator:
        return self.page.get_by_role("row").filter(has_text=title)

    def search(self, text: str) -> None:
        self.page.get_by_role("searchbox").fill(text)
        expect(self.page.get_by_role("main").get_by_role("rowheader")).to_have_count(1)

    def change(self, title: str, *, price: str, reason: str) -> None:
        """In the row itself."""
        self.row(title).get_by_role("link", name="Change the price of").click()
        form = self.page.get_by_role("form", name=re.compile(f"Price of {title}"))
        form.get_by_label("Price").fill(price)
        form.get_by_label("Reason").fill(reason)
        form.get_by_role("button", name="Save").click()
        expect(form).to_have_count(0)  # its plan line names the new price before it is saved


class SandboxPage:
    """The sandbox's pages."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def open(self, address: str) -> Self:
        self.page.goto(f"{address}/_sandbox/")
        return self

    def product(self, name: str) -> Locator:
        return self.page.get_by_role("row").filter(has_text=name)


class Desk:
    """A user's portal by JSON, to prepare a test or to act as another person."""

    def __init__(self, page: Page) -> None:
        self.request = page.context.request
        self.page = page

    def post(self, address: str, **fields: Any) -> dict[str, Any]:
        token = next(str(cookie["value"]) for cookie in self.page.context.cookies() if cookie["name"] == "csrftoken")
        headers = {"Accept": "application/json", "X-CSRFToken": token}
        answer = self.request.post(address, data=fields, headers=headers)
        assert answer.ok, f"{address}: {answer.status} {answer.text()}"
        found: dict[str, Any] = json.loads(answer.body())
        return found

    def get(self, address: str) -> dict[str, Any]:
        answer = self.request.get(address, headers={"Accept": "application/json"})
        assert answer.ok, f"{address}: {answer.status} {answer.text()}"
        found: dict[str, Any] = json.loads(answer.body())
        return found

    def make_course(self, **fields: str) -> dict[str, Any]:
        given = {"title": "Watercolour for beginners", "summary": "Paint light in six evenings.", "price": "49"}
        return self.post("/courses/", **(given | fields))

    def change(self, course: dict[str, Any], **fields: str) -> dict[str, Any]:
        version = self.get(course["url"])["version"]
        return self.post(course["url"], version=version, **fields)

    def press(self, course: dict[str, Any], verb: str) -> dict[str, Any]:
        return self.post(f"{course['url']}{verb}/")


class Security(PortalPage):
    """The second step for signing in, and the list of sessions."""

    address = "/accounts/security/"

    def row(self, text: str) -> Locator:
        return self.page.get_by_role("listitem").filter(has_text=text)

    def say_who_one_is(self, password: str) -> None:
        """Reauthenticate, which any change of sign-in requires unless it was done a moment ago."""
        expect(self.heading).not_to_have_text("Two-step sign-in")
        if self.heading.inner_text() == "Is it still you?":
            self.page.get_by_label("Password", exact=True).fill(password)
            self.button("Go on").click()

    def key_of_the_app(self) -> str:
        """What the QR code holds."""
        return self.page.get_by_role("main").locator("code").inner_text()

    def type_the_apps_code(self, code: str) -> None:
        self.page.get_by_label("The code that the app shows").fill(code)
        self.button("Turn on").click()

    def recovery_codes(self) -> list[str]:
        expect(self.heading).to_have_text("Recovery codes")
        return self.page.get_by_role("main").locator("pre").inner_text().split()


class SecondStep(PortalPage):
    """The page after the password."""

    def type(self, code: str) -> None:
        expect(self.heading).to_have_text("The second step")
        self.page.get_by_label("Code").fill(code)
        self.page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
