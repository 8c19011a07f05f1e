from django.urls import URLPattern

app_name = "billings"
urlpatterns: list[URLPattern] = []
