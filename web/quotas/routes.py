"""Routes of quotas, for admins."""

from flask import Blueprint

from shared.models.quota import Quota
from shared.services import quotas
from web.api import endpoint
from web.quotas.schemas import QuotaForm, QuotaResponse

bp = Blueprint("quotas", __name__)
_UNKNOWN = {404: "No such quota"}
_NOBODY = {400: "There is no such user"}


@bp.get("/")
@endpoint(response=list[QuotaResponse])
def list_quotas() -> list[Quota]:
    """List all quotas, oldest first."""
    return quotas.listed()


@bp.post("/")
@endpoint(body=QuotaForm, response=QuotaResponse, status=201, errors=_NOBODY)
def create_quota(body: QuotaForm) -> Quota:
    """Set a quota; every process obeys it within a second."""
    return quotas.save(body.model_dump())


@bp.post("/<quota_id>")
@endpoint(body=QuotaForm, response=QuotaResponse, errors=_UNKNOWN | _NOBODY)
def change_quota(quota_id: str, body: QuotaForm) -> Quota:
    """Put another quota in the place of one; what was used of it still counts."""
    return quotas.save(body.model_dump(), quota_id)


@bp.delete("/<quota_id>")
@endpoint(response=bool, errors=_UNKNOWN)
def delete_quota(quota_id: str) -> bool:
    """Take a quota away."""
    quotas.remove(quota_id)
    return True
