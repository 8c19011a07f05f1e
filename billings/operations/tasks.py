"""What the worker runs because staff asked for it; apart from `tasks`, which those use whom this needs."""

from django.tasks import task

from billings.models import SyncRun
from billings.operations import runs


@task
def compare(run_id: int) -> None:
    """The whole catalogue against Stripe."""
    runs.compare(run_id)


@task
def restore(run_id: int) -> None:
    """Ours again, wherever Stripe holds something else; part by part."""
    if runs.restore_some(run_id):
        restore.enqueue(run_id)


def resume_stalled() -> None:
    """What a killed worker left half done goes on: a compare from its beginning, a restore where it was."""
    for run in runs.claim_stalled():
        (compare if run.kind == SyncRun.Kind.COMPARE else restore).enqueue(run.pk)
