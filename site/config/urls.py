"""Every URL of the portal; each app has its own file."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from config import health, media
from config.account_views import ConfirmEmailView, EmailView, PasswordResetFromKeyView, VerificationSentView
from config.security_txt import security_txt
from people import views as people

# One sign-in page, with its rate limits; the admin site's own has none.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

handler400 = "config.errors.bad_request"
handler403 = "config.errors.permission_denied"
handler404 = "config.errors.not_found"
handler500 = "config.errors.server_error"
handler429 = "people.limits.too_many_requests"  # allauth's

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="courses:teacher_courses"), name="home"),
    path("accounts/email/", login_required(EmailView.as_view()), name="account_email"),
    path("accounts/confirm-email/", VerificationSentView.as_view(), name="account_email_verification_sent"),
    re_path(r"^accounts/confirm-email/(?P<key>[-:\w]+)/$", ConfirmEmailView.as_view(), name="account_confirm_email"),
    re_path(
        r"^accounts/password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        PasswordResetFromKeyView.as_view(),
        name="account_reset_password_from_key",
    ),
    path("accounts/security/", people.security, name="mfa_index"),
    # Passkeys are listed on the security page.
    path("accounts/security/webauthn/", RedirectView.as_view(pattern_name="mfa_index"), name="mfa_list_webauthn"),
    path("accounts/security/sessions/end/", people.end, name="sessions_end"),
    path("accounts/security/webauthn/keys/<int:pk>/remove/", people.remove_passkey, name="mfa_remove_webauthn"),
    path("accounts/security/", include("allauth.mfa.urls")),
    path("accounts/", include("allauth.account.urls")),
    path("courses/", include("courses.urls")),
    path("billing/", include("billings.urls")),
    path("admin/password_change/", RedirectView.as_view(pattern_name="account_change_password")),
    path("admin/", admin.site.urls),
    re_path(r"^media/(?P<name>covers/[0-9a-f]{32}\.(?:webp|png|jpg))$", media.cover, name="media"),
    path(".well-known/security.txt", security_txt, name="security_txt"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
