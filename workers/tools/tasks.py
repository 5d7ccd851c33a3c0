"""The jobs of tools."""

from shared.kinds.tools import DESCRIBE_SERVERS, VERIFY_SERVER
from workers.base import task
from workers.tools.describing import ServersDescribed, ServerTrial

task(DESCRIBE_SERVERS)(ServersDescribed)
task(VERIFY_SERVER)(ServerTrial)
