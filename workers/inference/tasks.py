"""The jobs of inference."""

from shared.kinds.inference import (
    RUN_CHAT,
    RUN_TASK,
    WRITE_FOLLOW_UPS,
    WRITE_TAGS,
    WRITE_TITLE,
)
from workers.base import task
from workers.inference.chat import ChatTurn
from workers.inference.followers import FollowUpsTurn, TagsTurn, TitleTurn
from workers.inference.small import TaskTurn

task(RUN_CHAT)(ChatTurn)
task(WRITE_TITLE)(TitleTurn)
task(WRITE_TAGS)(TagsTurn)
task(WRITE_FOLLOW_UPS)(FollowUpsTurn)
task(RUN_TASK)(TaskTurn)
