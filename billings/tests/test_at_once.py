"""Buttons pressed several times at once, in several processes, on both engines."""

FOUR_AT_ONCE = """
import threading
from django.contrib.auth.models import User
from django.db import connection
from billings.money import PriceSpec
from courses import lifecycle
from courses.content import Content
from courses.models import Course

owner = User.objects.create_user("teacher")
content = Content("Ink", "Draw.", "", "Art", "all", "en", "", PriceSpec(4900, "usd"))
course = lifecycle.create(owner=owner, content=content)
ready = threading.Barrier(4)

def press():
    ready.wait()
    lifecycle.duplicate(course.pk, actor=owner)
    connection.close()

presses = [threading.Thread(target=press) for _ in range(4)]
for one in presses: one.start()
for one in presses: one.join()
print(Course.objects.exclude(pk=course.pk).count())
"""


def test_a_course_is_copied_once(run_script, database_url):
    settings = {"STRIPE_INLINE_BUDGET_SECONDS": "0"}

    assert run_script(FOUR_AT_ONCE, database_url, **settings) == "1"
