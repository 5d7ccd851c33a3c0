"""The jobs of code."""

from shared.kinds.code import EXECUTE_CODE
from workers.base import task
from workers.code.executing import Execution

task(EXECUTE_CODE)(Execution)
