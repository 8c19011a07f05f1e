"""Users in the admin site: a lost second factor can be removed. Its secrets are shown to nobody."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from people import second_factor

# allauth shows the keys of authenticator apps and recovery codes there.
admin.site.unregister(Authenticator)
admin.site.unregister(User)


class NotifyingPasswordForm(AdminPasswordChangeForm):  # type: ignore[type-arg]  # only its stubs are generic
    """Tells the owner by email, whoever changed the password."""

    def save(self, commit: bool = True) -> Any:
        person = super().save(commit)
        get_adapter().send_notification_mail("account/email/password_changed", person)
        return person


@admin.register(User)
class PersonAdmin(UserAdmin):  # type: ignore[type-arg]
    change_password_form = NotifyingPasswordForm
    actions = ("remove_second_factor",)

    def has_superuser_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    @admin.action(description=_("Turn off two-step sign-in (lost phone or passkey)"), permissions=["superuser"])
    def remove_second_factor(self, request: HttpRequest, people: QuerySet[User]) -> None:
        by = request.user.get_username()
        done = [person for person in people if second_factor.remove(person, by=by)]
        for person in done:
            self.log_change(request, person, "Turned off two-step sign-in.")
        message = ngettext(
            "Turned off for %(count)d account; its owner was told by email.",
            "Turned off for %(count)d accounts; their owners were told by email.",
            len(done),
        )
        self.message_user(request, message % {"count": len(done)}, messages.SUCCESS if done else messages.WARNING)
