"""Rejected requests are logged in one line; tracebacks are for errors in the code."""

import logging
from http import HTTPStatus

from config.unavailable import in_one_line, is_unavailable


class OneLine(logging.Filter):
    """Removes the traceback of a 403, a 404, a wrong Host, and of an unavailable database or disk."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if error is None:
            return True
        status = getattr(record, "status_code", None)
        if is_unavailable(error):
            record.msg, record.args = f"{record.getMessage()}: {in_one_line(error)}", ()
        elif status is None or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return True
        record.exc_info = record.exc_text = None
        return True
