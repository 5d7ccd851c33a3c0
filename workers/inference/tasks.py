"""The jobs of inference."""

from shared.kinds.inference import RUN_CHAT, WRITE_TAGS, WRITE_TITLE
from workers.base import task
from workers.inference.chat import ChatTurn
from workers.inference.followers import TagsTurn, TitleTurn

task(RUN_CHAT)(ChatTurn)
task(WRITE_TITLE)(TitleTurn)
task(WRITE_TAGS)(TagsTurn)
