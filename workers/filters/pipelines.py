"""Pipelines of servers as filters: asked over HTTP, one after the other."""

from urllib.parse import quote

from shared.services.accounts import Principal
from shared.services.pipelines import Step
from workers.filters.base import Body, FilterFailed, Job, as_user
from workers.providers.errors import ProviderError
from workers.providers.line import Cut
from workers.providers.pipelines import Complaint, PipelinesServer


class PipelineFilter:
    """See `base.Filter`. A server that cannot be asked ends the turn: what is to be kept from a
    model must not reach it because somebody is away.
    """

    def __init__(self, job: Job, user: Principal, step: Step) -> None:
        self._job, self._user = job, as_user(user)
        self._server = PipelinesServer(step.connection)
        self._path = f"/{quote(step.pipeline_id, safe='')}/filter"
        self._name = step.pipeline_id

    def inlet(self, body: Body) -> Body:
        """See `Filter`."""
        return self._asked("inlet", body)

    def outlet(self, body: Body) -> Body:
        """See `Filter`."""
        return self._asked("outlet", body)

    def _asked(self, side: str, body: Body) -> Body:
        asked = {"user": self._user, "body": body}
        cut = Cut()
        try:
            with self._job.abortable(cut.set):
                answer = self._server.ask("POST", f"{self._path}/{side}", asked, cut)
        except Complaint as error:
            raise FilterFailed(f"Error: {error.detail or error.message}") from error
        except ProviderError as error:
            raise FilterFailed(f"Error: {error.message}") from error
        if not isinstance(answer, dict):
            raise FilterFailed(f"Error: the pipeline {self._name} gave back no object.")
        return answer
