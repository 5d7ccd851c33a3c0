"""Routes of feedback."""

from typing import Any

from flask import Blueprint

from shared.models.feedback import Feedback
from shared.services import accounts, feedback, leaderboard
from web.api import endpoint
from web.auth import current_user
from web.feedback.schemas import (
    AuthoredFeedbackResponse,
    FeedbackForm,
    FeedbackIdResponse,
    FeedbackPage,
    FeedbackResponse,
    LeaderboardQuery,
    LeaderboardResponse,
    PageQuery,
    WholeFeedbackResponse,
)

bp = Blueprint("feedback", __name__)

_HIDDEN = {404: "No such feedback, or not yours"}
_PAGE = 30


def _authored(rows: list[Feedback]) -> list[dict[str, Any]]:
    authors = accounts.by_ids({row.user_id for row in rows})
    return [
        {**FeedbackResponse.model_validate(row).model_dump(), "user": authors.get(row.user_id)}
        for row in rows
    ]


@bp.get("/feedbacks/all")
@endpoint(response=list[AuthoredFeedbackResponse], who="admin")
def list_all_feedback() -> list[dict[str, Any]]:
    """List all feedback; the page makes its leaderboard of it."""
    return _authored(feedback.every())


@bp.get("/feedbacks/list")
@endpoint(query=PageQuery, response=FeedbackPage, who="admin")
def page_feedback(query: PageQuery) -> dict[str, Any]:
    """List all feedback, page by page."""
    rows = feedback.every()
    first = (query.page - 1) * _PAGE
    return {"items": _authored(rows[first : first + _PAGE]), "total": len(rows)}


@bp.get("/feedbacks/all/ids")
@endpoint(response=list[FeedbackIdResponse], who="admin")
def list_feedback_ids() -> list[Feedback]:
    """List the ids of all feedback."""
    return feedback.every()


@bp.get("/feedbacks/models")
@endpoint(response=list[str], who="admin")
def list_rated_models() -> list[str]:
    """List the models of which anything was said."""
    return leaderboard.rated_models(feedback.every())


@bp.get("/leaderboard")
@endpoint(query=LeaderboardQuery, response=LeaderboardResponse, who="admin")
def show_leaderboard(query: LeaderboardQuery) -> dict[str, Any]:
    """Rank the models by what users preferred."""
    ranked = leaderboard.standings(feedback.every(), query.query.strip())
    return {"entries": [standing.as_json() for standing in ranked]}


@bp.delete("/feedbacks/all")
@endpoint(response=bool, who="admin")
def delete_all_feedback() -> bool:
    """Delete all feedback."""
    feedback.remove_all()
    return True


@bp.get("/feedbacks/all/export")
@endpoint(response=list[WholeFeedbackResponse], who="admin")
def export_feedback() -> list[Feedback]:
    """List all feedback with the chats as they were."""
    return feedback.every(with_snapshots=True)


@bp.get("/feedbacks/user")
@endpoint(response=list[AuthoredFeedbackResponse])
def list_own_feedback() -> list[dict[str, Any]]:
    """List what the user has said."""
    return _authored(feedback.of_user(current_user().id))


@bp.delete("/feedbacks")
@endpoint(response=bool)
def delete_own_feedback() -> bool:
    """Delete all that the user has said."""
    feedback.remove_all(current_user().id)
    return True


@bp.post("/feedback")
@endpoint(body=FeedbackForm, response=WholeFeedbackResponse)
def create_feedback(body: FeedbackForm) -> Feedback:
    """Keep what the user says of an answer."""
    return feedback.create(current_user(), body.draft)


@bp.get("/feedback/<feedback_id>")
@endpoint(response=WholeFeedbackResponse, errors=_HIDDEN)
def show_feedback(feedback_id: str) -> Feedback:
    """Give feedback with the chat as it was."""
    return feedback.find(current_user(), feedback_id)


@bp.post("/feedback/<feedback_id>")
@endpoint(body=FeedbackForm, response=WholeFeedbackResponse, errors=_HIDDEN)
def update_feedback(feedback_id: str, body: FeedbackForm) -> Feedback:
    """Say it anew; what the form does not give stays."""
    return feedback.change(current_user(), feedback_id, body.draft)


@bp.delete("/feedback/<feedback_id>")
@endpoint(response=bool, errors=_HIDDEN)
def delete_feedback(feedback_id: str) -> bool:
    """Delete feedback."""
    feedback.remove(current_user(), feedback_id)
    return True
