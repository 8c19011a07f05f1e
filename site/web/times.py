"""Times for people: always with their zone."""

from datetime import datetime

from django import template
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.utils import timezone
from django.utils.dateformat import format as date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

DAY_AND_CLOCK = "j M Y, H:i T"

register = template.Library()


def is_today(moment: datetime, now: datetime | None = None) -> bool:
    return timezone.localdate(moment) == timezone.localdate(now)


def clock(moment: datetime, now: datetime | None = None) -> str:
    """ "16:32 UTC", with the date if it is not today."""
    return date_format(timezone.localtime(moment), "H:i T" if is_today(moment, now) else DAY_AND_CLOCK)


def to_the_second(moment: datetime) -> str:
    """For scripts, which need no more precision; fractions would make up most of the bytes of a list of times."""
    return moment.isoformat(timespec="seconds")


@register.simple_tag
def exact_time(moment: datetime) -> SafeString:
    """`27 Nov 2026, 16:32 UTC`, in a machine-readable element."""
    here = timezone.localtime(moment)
    return format_html('<time datetime="{}">{}</time>', to_the_second(here), date_format(here, DAY_AND_CLOCK))


@register.simple_tag
def time_ago(moment: datetime) -> SafeString:
    """`5 minutes ago`, with the exact time in its title."""
    here = timezone.localtime(moment)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        to_the_second(here),
        date_format(here, DAY_AND_CLOCK),
        naturaltime(moment),
    )


@register.simple_tag
def saved_at(moment: datetime) -> SafeString:
    """When something was saved: the time if today, else with the date."""
    here = timezone.localtime(moment)
    words = _("Saved at {time}") if is_today(moment) else _("Saved on {time}")
    return format_html(words, time=format_html('<time datetime="{}">{}</time>', here.isoformat(), clock(moment)))
