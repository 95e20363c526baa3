"""Structured logs on stderr, ours and those of libraries alike."""

import logging
import sys

import structlog

_QUIET = ("alembic", "dbos", "httpx", "httpcore", "sqlalchemy", "uvicorn", "uvicorn.error", "botocore")
"""Libraries of which only warnings are of interest."""


def configure_log(log_format: str = "auto") -> None:
    """Send every log line of this process to stderr in one form.

    What a request or a job has bound (its id, its account) stands in each line that is written on its behalf.

    Args:
        log_format: ``json``, ``console``, or ``auto``: ``console`` where stderr is a terminal.
    """
    is_console = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    last: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=True) if is_console else structlog.processors.JSONRenderer()
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                last,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
