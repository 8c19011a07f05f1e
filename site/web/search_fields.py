"""Columns that follow another one: what is searched and sorted by is written whenever its text is."""

from typing import Any

from django.db import models

from web.search import fold, sort_key


class _Following(models.Field):  # type: ignore[type-arg]  # only its stubs are generic
    """Computed from the fields in `of` when a row is saved, one alone or many at once."""

    of: tuple[str, ...]

    def __init__(self, *, of: tuple[str, ...] = (), **options: Any) -> None:
        self.of = tuple(of)
        super().__init__(**options | {"editable": False})

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        name, path, arguments, options = super().deconstruct()
        options.pop("editable", None)
        return name, path, arguments, options | {"of": self.of}

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = self.computed([str(getattr(model_instance, name)) for name in self.of])
        setattr(model_instance, self.attname, value)
        return value

    def computed(self, texts: list[str]) -> Any:
        raise NotImplementedError


class SearchText(_Following, models.TextField):  # type: ignore[type-arg]
    """The texts, each on a line of its own, as `web.search.fold` makes them."""

    def computed(self, texts: list[str]) -> str:
        return fold("\n".join(texts))


class SortKey(_Following, models.BinaryField):  # type: ignore[type-arg]
    """The text's place among others, as `web.search.sort_key` makes it."""

    def computed(self, texts: list[str]) -> bytes:
        return sort_key(" ".join(texts))


def following(model: models.Model, fields: Any) -> set[str]:
    """Names of the columns that follow any of these fields, for `save(update_fields=…)`."""
    written = set(fields)
    followers = [field for field in model._meta.fields if isinstance(field, _Following)]
    return {field.name for field in followers if written & set(field.of)}
