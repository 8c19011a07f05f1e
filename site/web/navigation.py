"""Links that lead to where somebody is."""

from django import template
from django.template import Context
from django.utils.safestring import SafeString

register = template.Library()
PAGE, ROOM = SafeString('aria-current="page"'), SafeString('aria-current="true"')


@register.simple_tag(takes_context=True)
def current(context: Context, *pages: str, within: str = "", but: str = "") -> SafeString:
    """`aria-current` of a link: to the page that is shown, or to the room that it is in.

    `pages` are the names of views that the link stands for; `within` names, with spaces between them, namespaces and
    further views that count as the same room, `but` one view that does not.
    """
    match = getattr(context.get("request"), "resolver_match", None)
    if match is None:  # the address leads nowhere
        return SafeString()
    if match.view_name in pages:
        return PAGE
    is_here = match.view_name != but and not {match.namespace, match.view_name}.isdisjoint(within.split())
    return ROOM if is_here else SafeString()
