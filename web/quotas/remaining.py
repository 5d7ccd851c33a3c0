"""The headers that tell a client what is left of its quotas.

Source: https://platform.openai.com/docs/guides/rate-limits ("Rate limits in headers").
"""

import math

from shared.services import quotas
from shared.services.meters import Left


def headers() -> dict[str, str]:
    """Write what is left after the request that is being served; of each measure the least."""
    least: dict[str, Left] = {}
    for left in quotas.left.get():
        known = least.get(left.meter.measure)
        if known is None or left.amount < known.amount:
            least[left.meter.measure] = left
    found: dict[str, str] = {}
    for measure, left in least.items():
        found[f"X-RateLimit-Limit-{measure.title()}"] = str(left.meter.limit)
        found[f"X-RateLimit-Remaining-{measure.title()}"] = str(left.amount)
        if left.meter.reset_s is not None:
            found[f"X-RateLimit-Reset-{measure.title()}"] = f"{math.ceil(left.meter.reset_s)}s"
    return found
