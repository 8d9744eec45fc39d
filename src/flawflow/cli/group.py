"""The command group: loads a command when it is used, and says an error in one line."""

import contextlib
import errno
import importlib
import io
import os
import sys
from typing import Any, NoReturn

import click

from flawflow.errors import FlawflowError, of_system, one_line

# In the order in which a person meets them; each is a module beside this one with a `command`.
VERBS = (
    "train", "inspect", "watch", "evaluate", "calibrate", "adapt", "export", "compare",
    "fleet", "card", "serve", "users", "backup", "demo",
)  # fmt: skip

# Named for one more release; not in the list of commands.
_GONE = {
    "scenes": "the command scenes is gone: flawflow compare DATA trains and measures one model a scene, and "
    "flawflow train DATA --scene NAME trains one",
}

EXIT_ERROR = 2
EXIT_INTERRUPTED = 130

_AFTER_INTERRUPT = "flawflow.after_interrupt"


class VerbGroup(click.Group):
    """A group whose verbs are modules, so that no verb pays for what another one imports."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 click's signature
        """Name the verbs."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Load a command's module."""
        if cmd_name in _GONE:
            raise FlawflowError(_GONE[cmd_name])
        if cmd_name not in VERBS:
            return None
        command: click.Command = importlib.import_module(f"flawflow.cli.{cmd_name}").command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run a verb; a person gets a sentence where a program would get an exception."""
        for stream in (sys.stdout, sys.stderr):
            # A name may hold characters, or bytes, that the terminal's encoding lacks.
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except FlawflowError as error:
            _stop(ctx, str(error), EXIT_ERROR)
        except KeyboardInterrupt:
            _stop(ctx, ctx.meta.get(_AFTER_INTERRUPT, "interrupted"), EXIT_INTERRUPTED)
        except OSError as error:
            if error.errno == errno.EPIPE or _wants_traceback():
                raise
            _stop(ctx, of_system(error), EXIT_ERROR)
        except Exception as error:
            if _wants_traceback():
                raise
            _stop(
                ctx,
                f"an unexpected error: {type(error).__name__}: {error} "
                "(set FLAWFLOW_DEBUG=1 for the traceback; please report it)",
                EXIT_ERROR,
            )


def after_interrupt(sentence: str) -> None:
    """Set the message that Ctrl-C prints from now on."""
    with contextlib.suppress(RuntimeError):
        click.get_current_context().meta[_AFTER_INTERRUPT] = sentence


def _stop(ctx: click.Context, sentence: str, code: int) -> NoReturn:
    click.echo(f"flawflow: {one_line(sentence)}", err=True)
    ctx.exit(code)


def _wants_traceback() -> bool:
    return os.environ.get("FLAWFLOW_DEBUG", "") not in ("", "0")
