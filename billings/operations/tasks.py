"""Tasks for the worker that staff start; apart from `sync.tasks`, on which the modules used here depend."""

from django.tasks import task

from billings.models import SyncRun
from billings.operations import runs


@task
def compare(run_id: int) -> None:
    """Compare the whole catalogue with Stripe."""
    runs.compare(run_id)


@task
def restore(run_id: int) -> None:
    """Restore all local values, in batches."""
    if runs.restore_some(run_id):
        restore.enqueue(run_id)


def resume_stalled() -> None:
    """Continue what a killed worker left: a comparison from the start, a restore where it was."""
    for run in runs.claim_stalled():
        (compare if run.kind == SyncRun.Kind.COMPARE else restore).enqueue(run.pk)
