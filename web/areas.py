"""The list of areas: every blueprint, where it stands, and who may enter."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Flask, current_app, request

from web import auth
from web.admin.routes import bp as admin
from web.audio.routes import bp as audio
from web.audio.routes import v1 as audio_v1
from web.auths.config import bp as accounts
from web.auths.doors import bp as doors
from web.auths.routes import bp as auths
from web.batches.files import bp as batch_files
from web.batches.routes import bp as batches
from web.cached.routes import bp as cached
from web.channels.routes import bp as channels
from web.chats.editing import bp as chat_editing
from web.chats.moving import bp as chat_moving
from web.chats.routes import bp as chats
from web.chats.sharing import bp as chat_sharing
from web.chats.stats import bp as chat_stats
from web.chats.tags import bp as chat_tags
from web.completions.routes import bp as completions
from web.completions.routes import v1 as completions_v1
from web.configs.routes import bp as configs
from web.docs.routes import bp as docs
from web.embeddings.routes import bp as embeddings
from web.embeddings.routes import v1 as embeddings_v1
from web.evaluations.routes import bp as evaluations
from web.feedback.routes import bp as feedback
from web.files.routes import bp as files
from web.folders.routes import bp as folders
from web.functions.routes import bp as functions
from web.groups.routes import bp as groups
from web.images.routes import bp as images
from web.images.routes import v1 as images_v1
from web.jobs.routes import bp as jobs
from web.knowledge.directories import bp as knowledge_directories
from web.knowledge.routes import bp as knowledge
from web.memories.routes import bp as memories
from web.metrics.routes import bp as metrics
from web.models.routes import bp as models
from web.models.workspace import bp as workspace_models
from web.notes.routes import bp as notes
from web.oauth.routes import bp as oauth
from web.ollama.doors import bp as ollama_doors
from web.ollama.model_files import bp as ollama_files
from web.ollama.routes import bp as ollama
from web.ollama.upkeep import bp as ollama_upkeep
from web.openai.doors import bp as openai_doors
from web.openai.routes import bp as openai
from web.page.routes import bp as page
from web.pipelines.routes import bp as pipelines
from web.prompts.routes import bp as prompts
from web.quotas.routes import bp as quotas
from web.responses.routes import bp as responses
from web.retrieval.routes import bp as retrieval
from web.skills.routes import bp as skills
from web.stream.socket import bp as stream
from web.system.routes import bp as system
from web.tasks.completions import bp as small_tasks
from web.tasks.config import bp as tasks_v1
from web.tasks.routes import bp as tasks
from web.tools.routes import bp as tools
from web.usage.routes import bp as usage
from web.users.admin import bp as people
from web.users.routes import bp as users
from web.utils.routes import bp as utils
from web.webhooks.routes import bp as webhooks

# Nobody is asked; the view itself may still look who it is.
PUBLIC = "public"
# Anybody with an account, pending ones too.
SIGNED_IN = "signed-in"
# Active accounts.
MEMBER = "member"
ADMIN = "admin"


@dataclass(frozen=True)
class Area:
    """A blueprint with its place and its door."""

    blueprint: Blueprint
    prefix: str
    who: str


AREAS = (
    Area(system, "", PUBLIC),
    # It has a token of its own.
    Area(metrics, "", PUBLIC),
    Area(auths, "/api/v1/auths", SIGNED_IN),
    Area(oauth, "", PUBLIC),
    Area(doors, "/api/v1/auths", SIGNED_IN),
    Area(accounts, "/api/v1/auths/admin", ADMIN),
    Area(people, "/api/v1/users", ADMIN),
    Area(users, "/api/v1/users", MEMBER),
    Area(groups, "/api/v1/groups", MEMBER),
    Area(configs, "/api/v1/configs", MEMBER),
    Area(models, "/api", MEMBER),
    Area(workspace_models, "/api/v1/models", MEMBER),
    Area(prompts, "/api/v1/prompts", MEMBER),
    Area(notes, "/api/v1/notes", MEMBER),
    Area(skills, "/api/v1/skills", MEMBER),
    Area(chats, "/api/v1/chats", MEMBER),
    Area(chat_editing, "/api/v1/chats", MEMBER),
    Area(chat_moving, "/api/v1/chats", MEMBER),
    Area(chat_sharing, "/api/v1/chats", MEMBER),
    Area(chat_stats, "/api/v1/chats", MEMBER),
    Area(chat_tags, "/api/v1/chats", MEMBER),
    Area(folders, "/api/v1/folders", MEMBER),
    Area(files, "/api/v1/files", MEMBER),
    Area(knowledge, "/api/v1/knowledge", MEMBER),
    Area(knowledge_directories, "/api/v1/knowledge", MEMBER),
    Area(memories, "/api/v1/memories", MEMBER),
    Area(channels, "/api/v1/channels", MEMBER),
    Area(tools, "/api/v1/tools", MEMBER),
    Area(functions, "/api/v1/functions", MEMBER),
    Area(pipelines, "/api/v1/pipelines", ADMIN),
    Area(utils, "/api/v1/utils", MEMBER),
    Area(completions, "/api", MEMBER),
    Area(completions_v1, "/v1", MEMBER),
    Area(batches, "/v1/batches", MEMBER),
    Area(batch_files, "/v1/files", MEMBER),
    Area(jobs, "/api/v1/jobs", MEMBER),
    Area(quotas, "/api/v1/quotas", ADMIN),
    Area(usage, "/api/v1/usage", MEMBER),
    Area(webhooks, "/api/v1/webhooks", MEMBER),
    Area(tasks, "/api/tasks", MEMBER),
    Area(tasks_v1, "/api/v1/tasks", MEMBER),
    Area(small_tasks, "/api/v1/tasks", MEMBER),
    Area(evaluations, "/api/v1/evaluations", MEMBER),
    Area(feedback, "/api/v1/evaluations", MEMBER),
    Area(audio, "/api/v1/audio", MEMBER),
    Area(audio_v1, "/v1", MEMBER),
    Area(images, "/api/v1/images", MEMBER),
    Area(images_v1, "/v1", MEMBER),
    Area(retrieval, "/api/v1/retrieval", MEMBER),
    Area(openai, "/openai", ADMIN),
    Area(openai_doors, "/openai", ADMIN),
    Area(embeddings, "/api", MEMBER),
    Area(embeddings_v1, "/v1", MEMBER),
    Area(responses, "/v1", MEMBER),
    Area(ollama, "/ollama", ADMIN),
    Area(ollama_doors, "/ollama", MEMBER),
    Area(ollama_upkeep, "/ollama", ADMIN),
    Area(ollama_files, "/ollama", ADMIN),
    # The socket asks for the token in its first message: a browser cannot send a header here.
    Area(stream, "", PUBLIC),
    Area(cached, "/cache", MEMBER),
    # Asks who it is in a page of its own.
    Area(admin, "/admin", ADMIN),
    # Answers with ENV=dev only.
    Area(docs, "", PUBLIC),
    Area(page, "", PUBLIC),
)

_GUARDS: dict[str, Callable[[], object]] = {
    PUBLIC: lambda: None,
    SIGNED_IN: auth.current_user,
    MEMBER: auth.require_member,
    ADMIN: auth.require_admin,
}


def who_may_enter(endpoint: str, area_who: str) -> str:
    """Give the door of one route: its own, else its area's."""
    contract = getattr(current_app.view_functions[endpoint], "contract", None)
    return (contract.who if contract is not None else None) or area_who


def is_for_admins() -> bool:
    """Whether only admins may ask for what is asked for now."""
    who = _WHO.get(request.blueprint or "", PUBLIC)
    return request.endpoint is not None and who_may_enter(request.endpoint, who) == ADMIN


_WHO = {area.blueprint.name: area.who for area in AREAS}


def _guard(area: Area) -> Callable[[], None]:
    def check() -> None:
        if request.method == "OPTIONS":
            return  # a browser asks whether it may ask; it sends no credentials with that
        _GUARDS[who_may_enter(request.endpoint or "", area.who)]()

    return check


def register(app: Flask) -> None:
    """Put every area in its place, behind its door."""
    for area in AREAS:
        if not area.blueprint._got_registered_once:
            area.blueprint.before_request(_guard(area))
        app.register_blueprint(area.blueprint, url_prefix=area.prefix or None)
