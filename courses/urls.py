from django.urls import path

from courses import drift_views, views

app_name = "courses"
urlpatterns = [
    path("", views.teacher_courses, name="teacher_courses"),
    path("new/", views.new, name="new"),
    path("statuses/", views.statuses, name="statuses"),
    path("plan/", views.plan_new, name="plan_new"),
    path("preview/", views.preview_new, name="preview_new"),
    path("<uuid:course_id>/", views.edit, name="edit"),
    path("<uuid:course_id>/status/", views.status, name="status"),
    path("<uuid:course_id>/plan/", views.plan, name="plan"),
    path("<uuid:course_id>/preview/", views.preview, name="preview"),
    path("<uuid:course_id>/publish/", views.publish, name="publish"),
    path("<uuid:course_id>/unpublish/", views.unpublish, name="unpublish"),
    path("<uuid:course_id>/archive/", views.archive, name="archive"),
    path("<uuid:course_id>/restore/", views.restore, name="restore"),
    path("<uuid:course_id>/retry/", views.retry, name="retry"),
    path("<uuid:course_id>/duplicate/", views.duplicate, name="duplicate"),
    path("<uuid:course_id>/prices/", views.prices, name="prices"),
    path("<uuid:course_id>/drift/<int:drift_id>/restore/", drift_views.restore, name="restore_local_value"),
    path("<uuid:course_id>/drift/<int:drift_id>/accept/", drift_views.accept, name="accept_stripes_value"),
]
