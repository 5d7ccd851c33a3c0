"""Routes of speech."""

from flask import Blueprint

from web.audio.config import CONFIG
from web.editor import add_editor

bp = Blueprint("audio", __name__)

add_editor(bp, CONFIG, "/config", "/config/update")
