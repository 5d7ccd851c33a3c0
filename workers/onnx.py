"""Opening ONNX models, for those who compute with them."""

from pathlib import Path
from typing import Any


def open_session(path: Path, threads: int = 1) -> Any:
    """Open a model on the CPU.

    Raises:
        ImportError: onnxruntime is not installed.
    """
    import onnxruntime  # noqa: PLC0415 -- heavy, and optional

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Without it idle threads burn the CPU that others answer with.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
