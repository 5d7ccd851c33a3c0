"""Tags of chats: two who give the same new one at once."""

import pytest

from shared import db
from shared.services import chat_tags, chats
from tests.services.crowd import at_once
from tests.services.things import new_chat, new_user

pytestmark = pytest.mark.usefixtures("each_database")


def test_many_chats_may_get_the_same_new_tag_at_once():
    owner = new_user()
    ids = [new_chat(owner).id for _ in range(6)]

    def give(number):
        with db.transaction():
            chat = chats.find(ids[number])
            chat_tags.add(chat, "Science")
            return chat_tags.of(chat)

    assert at_once(6, give) == [["science"]] * 6
