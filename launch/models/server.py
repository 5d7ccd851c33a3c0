"""One loaded model: a process that serves it on a local port until its parent goes away.

Started as `python -m launch.models.server`. It reads its orders as one line of JSON from standard
input (a key has no place in a command line), answers `ready PORT` on standard output, and ends when
standard input closes.
"""

import json
import os
import sys
from typing import Any

_FAILED = 3


def main() -> None:
    """Load the model, say so, and serve."""
    orders: dict[str, Any] = json.loads(sys.stdin.readline())
    # Idle threads of the inference library would otherwise spin and take the cores from everybody.
    os.environ["GOMP_SPINCOUNT"] = "0"
    os.environ["HF_HUB_OFFLINE"] = "1"
    import xllamacpp  # noqa: PLC0415  (reads the two variables when it is imported)

    params = xllamacpp.CommonParams()
    params.model.path = orders["path"]
    params.model_alias = {orders["id"]}
    params.api_keys = [orders["key"]]
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_ctx = orders["context_tokens"]
    params.n_parallel = orders["parallel"]
    params.kv_unified = True
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = orders["threads"]
    params.cache_ram_mib = 128
    params.offline = True
    params.ui = False
    params.verbosity = -1
    try:
        server = xllamacpp.Server(params)
    except RuntimeError:
        sys.exit(_FAILED)
    print("ready", server.listening_address.rpartition(":")[2], flush=True)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
