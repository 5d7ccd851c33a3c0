"""The jobs of pictures."""

from shared.kinds.images import ASK_PAINTER, PAINT
from workers.base import task
from workers.images.painting import Painting, Question

task(PAINT)(Painting)
task(ASK_PAINTER)(Question)
