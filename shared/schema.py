"""The base of all forms: of requests, answers and jobs."""

from pydantic import BaseModel


class Schema(BaseModel, defer_build=True):
    """A form whose validator is made when it is first used: there are hundreds, and most processes
    need a few.
    """
