"""Running a piece of code that a user has in a chat."""

from typing import Any

from shared.errors import Invalid
from shared.kinds.code import ExecuteCode
from shared.services import code
from workers.code import jupyter
from workers.live import Running


class Execution:
    """Runs it on the server that is configured for it."""

    def __init__(self, job: Running) -> None:
        assert isinstance(job.payload, ExecuteCode)  # noqa: S101 -- for the type checker: the kind decides
        self._job, self._code = job, job.payload.code
        if not code.may_execute():
            raise Invalid(code.NOT_HERE)
        self._output: dict[str, str] = {}

    def do(self) -> None:
        """Run it."""
        server = jupyter.configured("CODE_EXECUTION")
        self._output = jupyter.run(server, self._code, self._job.check)

    def save(self, _status: str, _error: str | None) -> dict[str, Any]:
        """Give what it has said."""
        return dict(self._output)
