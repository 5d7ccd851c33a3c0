"""A tiny cross-encoder, made by the libraries that make real ones."""

from pathlib import Path

import onnx
from onnx import TensorProto, helper
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "the", "red", "blue", "dog", "cat", "word")
# What has a lower number than the first word is no word.
_FIRST_WORD = 4
# Each: what is done, with what, and what that is called.
_STEPS = [
    ("Unsqueeze", ["input_ids", "two"], "across"),
    ("Unsqueeze", ["input_ids", "one"], "down"),
    ("Equal", ["across", "down"], "same"),
    ("Unsqueeze", ["token_type_ids", "two"], "type_across"),
    ("Unsqueeze", ["token_type_ids", "one"], "type_down"),
    ("Less", ["type_across", "type_down"], "question_and_text"),
    ("Less", ["last_mark", "across"], "words"),
    ("And", ["same", "question_and_text"], "shared"),
    ("And", ["shared", "words"], "shared_words"),
    ("Cast", ["shared_words"], "counted"),
    ("ReduceSum", ["counted", "both"], "each"),
    ("Unsqueeze", ["each", "one"], "column"),
    ("Mul", ["column", "weights"], "logits"),
]


def make_cross_encoder(folder: Path, outputs: int = 1) -> None:
    """Write a model whose logit grows by one for each word that question and text share.

    Args:
        outputs: 1 for a logit, 2 for one against and one for a match.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _make_tokenizer().save(str(folder / "tokenizer.json"))
    onnx.save(_make_model(outputs), folder / "model.onnx")


def _make_tokenizer() -> Tokenizer:
    made = Tokenizer(WordLevel({word: n for n, word in enumerate(WORDS)}, unk_token="[UNK]"))
    made.pre_tokenizer = Whitespace()
    made.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    return made


def _make_model(outputs: int) -> onnx.ModelProto:
    """Count the pairs of a word in the question and the same one in the text."""
    more = {"Cast": {"to": TensorProto.FLOAT}, "ReduceSum": {"keepdims": 0}}
    nodes = [
        helper.make_node(kind, given, [made], **more.get(kind, {})) for kind, given, made in _STEPS
    ]
    weights = [1.0] if outputs == 1 else [0.0] * (outputs - 1) + [1.0]
    constants = [
        helper.make_tensor("one", TensorProto.INT64, [1], [1]),
        helper.make_tensor("two", TensorProto.INT64, [1], [2]),
        helper.make_tensor("both", TensorProto.INT64, [2], [1, 2]),
        helper.make_tensor("last_mark", TensorProto.INT64, [1], [_FIRST_WORD - 1]),
        helper.make_tensor("weights", TensorProto.FLOAT, [outputs], weights),
    ]
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["texts", "tokens"])
        for name in ("input_ids", "attention_mask", "token_type_ids")
    ]
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["texts", outputs])
    graph = helper.make_graph(nodes, "cross-encoder", inputs, [logits], constants)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(made)
    return made
