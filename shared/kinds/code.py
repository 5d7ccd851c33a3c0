"""Kinds of jobs that run code."""

from shared.kinds.base import INTERACTIVE, JobSpec, Payload


class ExecuteCode(Payload):
    """Run a piece of Python that a user has in a chat."""

    code: str


EXECUTE_CODE = JobSpec("code.execute", INTERACTIVE, ExecuteCode, texts=("code",))

SPECS = (EXECUTE_CODE,)
