"""Every address of the portal; each room keeps its own."""

from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from config import health, media
from config.account_forms import EmailView

handler404 = "config.errors.not_found"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="courses:teacher_courses"), name="home"),
    path("accounts/email/", login_required(EmailView.as_view()), name="account_email"),
    path("accounts/", include("allauth.account.urls")),
    path("courses/", include("courses.urls")),
    path("billing/", include("billings.urls")),
    path("admin/", admin.site.urls),
    re_path(r"^media/(?P<name>covers/[0-9a-f]{32}\.(?:webp|png|jpg))$", media.cover, name="media"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
