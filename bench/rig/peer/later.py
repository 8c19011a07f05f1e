def do_nothing(*args: object, **options: object) -> None:
    """Where a project would enqueue a task; left out here, to dj-stripe's advantage."""
