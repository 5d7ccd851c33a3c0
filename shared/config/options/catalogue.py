"""All options, by name."""

from shared.config.options.audio import AUDIO
from shared.config.options.auth import AUTH
from shared.config.options.base import Option
from shared.config.options.code import CODE
from shared.config.options.connections import CONNECTIONS
from shared.config.options.general import GENERAL
from shared.config.options.images import IMAGES
from shared.config.options.ldap import LDAP
from shared.config.options.oauth import OAUTH
from shared.config.options.permissions import PERMISSIONS
from shared.config.options.retrieval import RETRIEVAL
from shared.config.options.tasks import TASKS
from shared.config.options.web_search import WEB_SEARCH

_AREAS = (
    AUTH,
    OAUTH,
    LDAP,
    GENERAL,
    PERMISSIONS,
    CONNECTIONS,
    TASKS,
    CODE,
    RETRIEVAL,
    WEB_SEARCH,
    IMAGES,
    AUDIO,
)

OPTIONS: dict[str, Option] = {option.name: option for area in _AREAS for option in area}
