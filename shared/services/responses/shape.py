"""A job in the form of a response object, and its output as items.

Source: OpenAI API reference, "The response object".
"""

from typing import Any

from shared.models.job import CANCELLED, COMPLETED, FAILED, QUEUED, RUNNING, Job
from shared.services import jobs

PREFIX = "resp_"
# What a response tells of its request.
TOLD = (
    "model",
    "instructions",
    "previous_response_id",
    "background",
    "store",
    "metadata",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "max_output_tokens",
    "temperature",
    "top_p",
    "text",
    "reasoning",
)
_STATUS = {
    QUEUED: "queued",
    RUNNING: "in_progress",
    COMPLETED: "completed",
    FAILED: "failed",
    CANCELLED: "cancelled",
}


def response_id(job_id: str) -> str:
    """Name a job as a response."""
    return PREFIX + job_id


def of_job(job: Job) -> dict[str, Any]:
    """Write a job as a response, as far as its row knows."""
    about: dict[str, Any] = job.request.get("about") or {}
    shown = skeleton(job.id, about, job.created_at)
    ending = jobs.last_event(job)
    if ending is None:
        return shown | {"status": _STATUS[job.status]}
    return shown | ended(*ending, job.id, job.finished_at)


def skeleton(job_id: str, about: dict[str, Any], created_at: int) -> dict[str, Any]:
    """Write a response that has just been accepted."""
    return {
        "id": response_id(job_id),
        "object": "response",
        "created_at": created_at,
        "status": "queued",
        "completed_at": None,
        "error": None,
        "incomplete_details": None,
        "output": [],
        "usage": None,
        **{name: value for name, value in about.items() if name not in ("door", "input")},
    }


def ended(kind: str, data: dict[str, Any], job_id: str, ended_at: int | None) -> dict[str, Any]:
    """Write what the end of a job means for its response.

    Args:
        kind: "completed", "failed" or "cancelled".
        data: The job's result, its text among it, and its error.
        ended_at: Seconds since the epoch.
    """
    shown: dict[str, Any] = {"status": _STATUS[kind], "output": output_of(data, job_id)}
    shown["usage"] = _usage(data.get("usage"))
    if kind == FAILED:
        code = "rate_limit_exceeded" if data.get("reason") == "rate_limited" else "server_error"
        shown["error"] = {"code": code, "message": data.get("error")}
    elif data.get("finish_reason") == "length":
        shown |= {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
    if shown["status"] == COMPLETED:
        shown["completed_at"] = ended_at
    return shown


def output_of(data: dict[str, Any], job_id: str) -> list[dict[str, Any]]:
    """Write the result of a job as output items: reasoning, text, calls."""
    message = data.get("message") or {}
    text = data.get("text") or message.get("content") or ""
    items = []
    if reasoning := message.get("reasoning_content"):
        items.append(reasoning_item(job_id, reasoning))
    if text:
        items.append(message_item(job_id, text))
    items += [call_item(job_id, place, call) for place, call in enumerate(_calls(message))]
    return items


def _calls(message: dict[str, Any]) -> list[dict[str, Any]]:
    return list(message.get("tool_calls") or [])


def reasoning_item(job_id: str, text: str) -> dict[str, Any]:
    """Write an item of reasoning."""
    summary = [summary_part(text)] if text else []
    return {"type": "reasoning", "id": f"rs_{job_id}", "summary": summary, "status": "completed"}


def summary_part(text: str) -> dict[str, Any]:
    """Write the content of an item of reasoning."""
    return {"type": "summary_text", "text": text}


def message_item(job_id: str, text: str, is_done: bool = True) -> dict[str, Any]:
    """Write an item of text."""
    return {
        "type": "message",
        "id": f"msg_{job_id}",
        "status": "completed" if is_done else "in_progress",
        "role": "assistant",
        "content": [text_part(text)] if is_done else [],
    }


def text_part(text: str) -> dict[str, Any]:
    """Write the content of an item of text."""
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def call_item(
    job_id: str, place: int, call: dict[str, Any], is_done: bool = True
) -> dict[str, Any]:
    """Write an item of a function call."""
    function = call["function"]
    return {
        "type": "function_call",
        "id": f"fc_{place}_{job_id}",
        "call_id": call.get("id"),
        "name": function.get("name"),
        "arguments": function.get("arguments") or "",
        "status": "completed" if is_done else "in_progress",
    }


def _usage(usage: dict[str, Any] | None) -> dict[str, Any] | None:
    if not usage:
        return None
    asked, made = usage.get("prompt_tokens") or 0, usage.get("completion_tokens") or 0
    cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
    thought = (usage.get("completion_tokens_details") or {}).get("reasoning_tokens") or 0
    return {
        "input_tokens": asked,
        "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": 0},
        "output_tokens": made,
        "output_tokens_details": {"reasoning_tokens": thought},
        "total_tokens": asked + made,
    }
