"""The users of the browser tests: the demo's users, and teachers who signed up."""

from dataclasses import dataclass

PASSWORD = "course-demo"


@dataclass(frozen=True)
class Person:
    email: str
    is_new: bool = False


TEACHER = Person("teacher@example.com")  # has the demo's courses; tests only look at them
AUTHOR = Person("other@example.com")  # the one whose courses tests make and change
STAFF = Person("staff@example.com")
NEWCOMER = Person("newcomer@example.com", is_new=True)  # has no course, and makes none
