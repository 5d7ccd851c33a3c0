"""The kinds of jobs, one file per noun: what each is called, where it waits, what it is told."""

from shared.kinds import (
    accounts,
    batches,
    catalogue,
    channels,
    code,
    filters,
    functions,
    images,
    inference,
    pipelines,
    proxies,
    retrieval,
    speech,
    texts,
    tools,
    webhooks,
    workspace,
)
from shared.kinds.base import JobSpec

_NOUNS = (
    accounts,
    batches,
    catalogue,
    channels,
    code,
    filters,
    functions,
    images,
    inference,
    pipelines,
    proxies,
    retrieval,
    speech,
    texts,
    tools,
    webhooks,
    workspace,
)

# Every kind by its name on the wire.
SPECS: dict[str, JobSpec] = {spec.name: spec for noun in _NOUNS for spec in noun.SPECS}
