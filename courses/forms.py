"""The course form, which validates everything a teacher enters."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Self
from urllib.parse import urlencode
from uuid import UUID, uuid4

from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, Div, Fieldset, Layout
from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billings.prices.forms import (
    PRICE_DEFAULTS,
    PRICE_FIELDS,
    PriceFields,
    keep_what_was_sent,
    price_texts,
    reading_locale,
    with_reading,
)
from billings.prices.unusual_changes import UnusualChange
from billings.product_fields import BY_FIELD, Field, Input, ProductField, inputs
from billings.status import rejections
from courses import covers, versions
from courses.content import Content, NewCover, field_names, stored_cover
from courses.fields import LanguageTag, Line, Prose, language_name
from courses.models import DESCRIPTION_LENGTH, SUBJECT_LENGTH, SUMMARY_LENGTH, TITLE_LENGTH, Course
from courses.versions import Digests, Edit
from web.widgets import Select

TEXT_FIELDS = frozenset({"title", "summary", "description", "subject", "level", "language"})
# Form fields whose name in Stripe differs.
FORM_FIELDS = {Field.NAME: "title", Field.DESCRIPTION: "summary", Field.IMAGE: "cover", Field.PRICE: "price"}
# Written in the course's own language.
WRITTEN_FIELDS = frozenset({"title", "summary", "description", "subject"})
DEFAULTS = {"level": Course.Level.ALL.value, "language": "en", **PRICE_DEFAULTS}
COMMON_LANGUAGES = (
    "en ar bn cs da de el es fa fi fr he hi hu id it ja ko nl no pl pt pt-BR ro ru sv sw th tr uk ur vi zh"
)


@lru_cache(maxsize=1)
def language_choices() -> list[tuple[str, str]]:
    return [(tag, language_name(tag)) for tag in COMMON_LANGUAGES.split()]


def texts(course: Course, locale: str) -> dict[str, str]:
    """The course as values of its form's fields."""
    return {
        **{name: getattr(course, name) for name in TEXT_FIELDS},
        **price_texts(course.billing, locale),
        **{str(name): value for name, value in Content.of(course).selling.items()},
        "version": versions.token(course.id, Content.of(course)),
    }


def defaults() -> dict[str, str]:
    """The initial values of an empty form."""
    return {**DEFAULTS, **{name: getattr(settings, one.default_setting) for name, one in inputs().items()}}


def input_names() -> frozenset[str]:
    """Every input name that the form accepts."""
    return frozenset(CourseForm.base_fields) | inputs().keys()


def label_of(name: str) -> str:
    own = CourseForm.base_fields.get(name)
    return str(own.label if own else inputs()[Field(name)].label)


def _input_field(entry: ProductField, how: Input) -> forms.Field:
    """The form field of an entry that is stored in billing only."""
    label, help_text = str(how.label), str(how.help_text)
    if how.choices:
        choices = [(value, str(words)) for value, words in how.choices.items()]
        return forms.ChoiceField(label=label, help_text=help_text, required=False, choices=choices)

    def check(value: str) -> None:
        if problem := entry.problem(value):
            raise forms.ValidationError(problem, code="invalid")

    return Line(label=label, help_text=help_text, required=False, validators=[check])


class CourseForm(PriceFields):
    counted = frozenset({"title", "summary", "description"})
    field_order = ("title", "summary", "description", "subject", "level", "language")

    title = Line(
        label=_("Title"),
        max_length=TITLE_LENGTH,
        error_messages={
            "required": _("Enter a title."),
            "max_length": _("Shorten the title: %(show_value)d of %(limit_value)d characters."),
        },
    )
    summary = Line(
        label=_("Summary"),
        max_length=SUMMARY_LENGTH,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"max_length": _("Shorten the summary: %(show_value)d of %(limit_value)d characters.")},
        help_text=_("One or two sentences; buyers see them at checkout. Needed before publishing."),
    )
    description = Prose(
        label=_("Description"),
        max_length=DESCRIPTION_LENGTH,
        required=False,
        help_text=_("Formatting: **bold**, *italic*, - list, [link](https://…)"),
        error_messages={"max_length": _("Shorten the description: %(show_value)d of %(limit_value)d characters.")},
    )
    subject = Line(
        label=_("Subject"),
        max_length=SUBJECT_LENGTH,
        required=False,
        error_messages={"max_length": _("Shorten the subject: %(show_value)d of %(limit_value)d characters.")},
    )
    level = forms.ChoiceField(label=_("Level"), widget=Select, choices=Course.Level.choices)
    language = LanguageTag(label=_("Language"), widget=Select)
    cover = forms.FileField(
        label=_("Picture"),
        required=False,
        widget=forms.FileInput(attrs={"accept": covers.ACCEPT}),
        help_text=_("PNG, JPEG or WebP, up to 5 MB."),
    )
    remove_cover = forms.BooleanField(label=_("Remove the picture"), required=False)
    version = forms.CharField(required=False, widget=forms.HiddenInput)
    publish = forms.BooleanField(label=_("Publish"), required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, course: Course | None = None, locale: str | None = None, **kwargs: Any) -> None:
        super().__init__(*args, locale=locale, **kwargs)
        self.course = course
        self.sent_fields: frozenset[str] = frozenset()
        self.cover_text = ""
        self.older_versions: dict[str, str] = {}
        self.understood: Edit | None = None  # the edit of a valid form that was rejected all the same
        self.fields |= {str(name): _input_field(BY_FIELD[name], how) for name, how in inputs().items()}
        self.fields["language"].widget.choices = language_choices()
        self._offer_present_language()
        for name in ("level", *(name for name, how in inputs().items() if how.choices)):
            keep_what_was_sent(self, name)
        self._wire()

    @classmethod
    def blank(cls, version: str = "", writer: int | None = None, *, currency: str | None = None) -> Self:
        """An empty form, in `currency`; `version` is that of an empty form opened again."""
        reused = versions.read_fresh(version) and version
        chosen = {"currency": currency} if currency else {}
        return cls(initial=defaults() | {"version": reused or versions.fresh_token(writer)} | chosen)

    @classmethod
    def showing(cls, course: Course) -> Self:
        form = cls(course=course, initial=texts(course, reading_locale()))
        form.rejections = {FORM_FIELDS.get(field, field): words for field, words in rejections(course.billing).items()}
        return form

    @classmethod
    def sent(
        cls,
        data: Mapping[str, str],
        files: "Mapping[str, UploadedFile[Any]]",
        *,
        course: Course | None = None,
        locale: str | None = None,
    ) -> Self:
        """The form as sent: on an edit an absent field stays unchanged, an empty one is emptied.

        `keep_<field>=theirs`, the choice in a conflict, counts as absent.
        """
        data = with_reading(data)
        dropped = {
            name.removeprefix("keep_") for name, value in data.items() if name.startswith("keep_") and value == "theirs"
        }
        dropped |= PRICE_FIELDS if "price" in dropped else set()
        dropped |= {"remove_cover"} if "cover" in dropped else set()
        present = {name: value for name, value in data.items() if name in input_names() and name not in dropped}
        if course is not None:  # an empty currency or interval must not reset a price to the default
            present = {name: value for name, value in present.items() if value or name not in PRICE_DEFAULTS}
        cover_text = present.pop("cover", None)
        if cover_text == "":
            present["remove_cover"] = "true"
        chosen = {} if "cover" in dropped else {name: file for name, file in files.items() if name == "cover"}
        before = defaults() if course is None else texts(course, locale or reading_locale())
        if present or chosen:  # a form without a version was made from an unknown one
            before = before | {"version": ""}
        form = cls({**before, **present}, chosen, course=course, locale=locale)
        form.sent_fields = frozenset(present) - {"confirm", "publish"} | frozenset(chosen)
        form.cover_text = cover_text or ""
        sent = {name: data.get(f"version_{name}", "") for name in field_names()}
        form.older_versions = {name: token for name, token in sent.items() if token}
        return form

    def new_id(self) -> UUID:
        """The id of the course that a valid form creates: the same however often the form is sent."""
        return versions.read_fresh(self.cleaned_data["version"]) or uuid4()

    def edit(self, *, told: str | None = None) -> Edit | None:
        """The edit a valid form requests; None for a button alone, whose text named the price `told`."""
        if not self.sent_fields:
            return None
        given = self.sent_fields & (TEXT_FIELDS | inputs().keys())
        if self.sent_fields & PRICE_FIELDS:
            given |= {"price"}
        if self.cleaned_data["cover"] or self.cleaned_data["remove_cover"]:
            given |= {"cover"}
        return Edit(self.content(), given, self._base(), self.cleaned_data["confirm"], told)

    def _base(self) -> Digests | None:
        """The version the form was made from; `version_<field>` names an older one for a single field."""
        if self.course is None:
            return None
        return versions.read_mixed(self.cleaned_data["version"], self.course.id, self.older_versions)

    def content(self) -> Content:
        texts = {name: self.cleaned_data[name] for name in TEXT_FIELDS}
        selling = {name: self.cleaned_data[name] or BY_FIELD[name].empty for name in inputs()}
        return Content(**texts, cover=self._cover(), price=self.price_spec, selling=selling)

    def left_out(self) -> tuple[str, ...]:
        """Messages about parts of a valid form that are not stored."""
        cover: NewCover | None = self.cleaned_data["cover"]
        if cover and cover.animated:
            return (gettext("The picture is animated; only its first frame is kept."),)
        return ()

    def reject(self, errors: Mapping[str, list[str]]) -> Self:
        """The same form with errors that explain why the course cannot change as requested."""
        self.understood = self.edit()
        for name, reasons in errors.items():
            self.add_error(name or None, reasons)
        if set(errors) == {"summary"}:  # the only thing missing, so focus it
            self.fields["summary"].widget.attrs["autofocus"] = True
        return self

    def ask(self, unusual_change: UnusualChange, *, address: str = "") -> Self:
        self.understood = self.edit()
        return super().ask(unusual_change, address=address)

    def clean_cover(self) -> NewCover | None:
        if self.cover_text and (self.course is None or self.cover_text != cover_url(self.course)):
            raise forms.ValidationError(_("Send the picture as a file in a form, not as text."), code="not_a_file")
        uploaded = self.cleaned_data["cover"]
        return covers.read_cover(uploaded) if uploaded else None

    def _cover(self) -> str | NewCover:
        new: NewCover | None = self.cleaned_data["cover"]
        if new is not None:
            return new if self.course is None or new != stored_cover(self.course) else str(self.course.cover.name)
        if self.course is None or self.cleaned_data["remove_cover"]:
            return ""
        return self.course.cover.name or ""

    def _offer_present_language(self) -> None:
        """JSON clients may send any valid tag; the list of common ones must not lose it."""
        tag = str(self["language"].value() or "")
        choices = language_choices()
        if tag and tag not in dict(choices):
            self.fields["language"].widget.choices = [(tag, language_name(tag)), *choices]

    def _wire(self) -> None:
        """Connect every field with its message (`aria-describedby`) and with the plan view, which validates changes."""
        for name, field in self.fields.items():
            parts = ["helptext"] if field.help_text else []
            parts += ["note", "error"] if name == "price" else ["error"]
            parts += ["count"] if name in self.counted else []
            field.widget.attrs["aria-describedby"] = " ".join(f"id_{name}_{part}" for part in parts)
            if name in WRITTEN_FIELDS:
                field.widget.attrs |= {"lang": self["language"].value() or "en", "dir": "auto"}
            if name in TEXT_FIELDS | PRICE_FIELDS | inputs().keys():
                field.widget.attrs |= {"hx-post": self.plan_url, "hx-target": "#plan", "hx-swap": "outerHTML"}
                field.widget.attrs |= {
                    "hx-trigger": "change",
                    "hx-sync": "#plan-region:queue last",
                    "hx-params": "not cover",
                }
        self.fields["price"].widget.attrs["hx-trigger"] = "change, input changed delay:700ms"

    @property
    def save_url(self) -> str:
        return self._url("edit", "teacher_courses")

    @property
    def plan_url(self) -> str:
        return self._url("plan", "plan_new")

    @property
    def preview_url(self) -> str:
        return self._url("preview", "preview_new")

    @property
    def page_url(self) -> str:
        """Where the form can be reopened: a new one by its version, which leads to its course once that exists."""
        query = "" if self.course else f"?{urlencode({'version': self['version'].value() or ''})}"
        return self._url("edit", "new") + query

    def _url(self, name: str, name_of_new: str) -> str:
        return reverse(f"courses:{name}", args=[self.course.id]) if self.course else reverse(f"courses:{name_of_new}")

    @property
    def helper(self) -> FormHelper:
        helper = FormHelper()
        helper.form_tag = False
        helper.disable_csrf = True
        helper.field_template = "courses/field.html"
        helper.layout = Layout(
            "version",
            *self._about_and_price(),
            Fieldset(
                _section(_("Cover")),
                HTML("{% include 'courses/edit.html#cover' %}"),
                "cover",
                *self._cover_choices(),
            ),
        )
        return helper

    def _about_and_price(self) -> list[Fieldset]:
        """A new course starts with the fields that cannot be left out: title and price."""
        price = Div("price", "currency", "billing_interval", css_class="field-row")
        selling = [Div(*map(str, inputs()), css_class="field-row")] if inputs() else []
        about = [
            "summary",
            "description",
            HTML("{% include 'courses/edit.html#preview' %}"),
            Div("subject", "level", "language", css_class="field-row"),
        ]
        if self.course is None:
            return [
                Fieldset(_section(_("Title and price")), "title", price, *selling),
                Fieldset(_section(_("About")), *about),
            ]
        return [Fieldset(_section(_("About")), "title", *about), Fieldset(_section(_("Price")), price, *selling)]

    def _cover_choices(self) -> list[str]:
        return ["remove_cover"] if self.course and self.course.cover else []


def _section(label: str | Promise) -> SafeString:
    """A legend that is also a heading, for screen-reader navigation."""
    return format_html("<h2>{}</h2>", label)


def cover_url(course: Course) -> str | None:
    return course.cover.url if course.cover else None
