from django.urls import path

from billings import views
from billings.operations import connection_views, stray_views
from billings.operations import views as sync_views
from billings.prices import row_views
from billings.prices import views as price_views

app_name = "billings"
urlpatterns = [
    path("sync/", sync_views.page, name="sync"),
    path("sync/compare/", sync_views.compare, name="compare"),
    path("sync/strays/<int:stray_id>/archive/", stray_views.archive, name="archive_stray"),
    path("sync/strays/<int:stray_id>/not-ours/", stray_views.set_aside, name="set_stray_aside"),
    path("sync/restore/", sync_views.restore_all, name="restore_all"),
    path("sync/check/", connection_views.check, name="check_connection"),
    path("sync/webhook-endpoint/", connection_views.register, name="register_endpoint"),
    path("webhooks/stripe/", views.webhook, name="webhook"),
    path("prices/", price_views.prices, name="prices"),
    path("prices/<uuid:course_id>/", price_views.change_price, name="change_price"),
    path("prices/<uuid:course_id>/edit/", price_views.edit_price, name="edit_price"),
    path("prices/<uuid:course_id>/plan/", price_views.plan_price, name="plan_price"),
    path("prices/<uuid:course_id>/row/", price_views.price_row, name="price_row"),
    path("prices/statuses/", row_views.statuses, name="price_statuses"),
    path("prices/retry/", row_views.retry_all, name="retry_all"),
    path("prices/<uuid:course_id>/retry/", row_views.retry, name="retry_price"),
]
