"""What is logged of a request that was refused: a line. A traceback is for what is wrong in the code."""

import logging
from http import HTTPStatus

from config.unavailable import in_one_line, is_unavailable


class OneLine(logging.Filter):
    """Takes the traceback from a 403, a 404, a wrong Host, and from a database or disk that is away."""

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
