"""What the worker runs because staff asked for it; apart from `tasks`, which those use whom this needs."""

from django.tasks import task

from billings import sync_runs


@task
def compare(run_id: int) -> None:
    """The whole catalogue against Stripe."""
    sync_runs.compare(run_id)


@task
def restore(run_id: int) -> None:
    """Ours again, wherever Stripe holds something else; part by part."""
    if sync_runs.restore_some(run_id):
        restore.enqueue(run_id)
