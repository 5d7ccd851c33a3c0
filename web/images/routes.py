"""Routes of images."""

from flask import Blueprint

from web.editor import add_editor
from web.images.config import CONFIG, IMAGE

bp = Blueprint("images", __name__)

add_editor(bp, CONFIG, "/config", "/config/update")
add_editor(bp, IMAGE, "/image/config", "/image/config/update")
