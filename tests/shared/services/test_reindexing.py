"""A changed embedding model is noticed once, whoever changed it."""

import pytest

from shared import db
from shared.kinds.retrieval import REINDEX
from shared.services import configuration
from shared.services.reindexing import mark_of, order_if_changed
from tests.services.inside import sent
from tests.services.things import new_user, row_of
from workers.upkeep import tasks
from workers.vectors import get_index
from workers.vectors.base import Item

pytestmark = pytest.mark.usefixtures("each_database")
OTHER = {"RAG_EMBEDDING_ENGINE": "ollama", "RAG_EMBEDDING_MODEL": "nomic"}


@pytest.fixture
def boss(each_database):
    return new_user("admin")


def test_nothing_is_ordered_while_the_model_stays_the_same(boss):
    assert [order_if_changed() for _ in range(2)] == [None, None]


def test_a_model_that_an_admin_saves_is_noticed_at_once_and_only_once(boss):
    order_if_changed()

    configuration.save(OTHER)
    configuration.save({"RAG_EMBEDDING_BATCH_SIZE": 7, **OTHER})
    tasks.renew_search()

    [job_id] = sent("default")
    assert (row_of(job_id).kind, row_of(job_id).user_id) == (REINDEX.name, boss.id)


def test_a_form_that_goes_back_orders_it_again(boss):
    order_if_changed()

    configuration.save(OTHER)
    configuration.save(dict.fromkeys(OTHER))

    assert len(sent("default")) == 2


def test_a_model_that_the_environment_of_a_start_names_is_noticed(boss, configure):
    tasks.renew_search()

    configure(**OTHER)
    tasks.renew_search()
    tasks.renew_search()

    assert len(sent("default")) == 1


def test_what_was_indexed_before_there_was_a_note_is_noticed(boss):
    import numpy as np

    meta = {"file_id": "f", "embedding_config": mark_of("openai/large")}
    get_index().put("file-f", [Item("one", "text", np.eye(3, dtype=np.float32)[0], meta)])

    tasks.renew_search()

    assert len(sent("default")) == 1


def test_a_rolled_back_change_orders_nothing(boss):
    order_if_changed()

    with pytest.raises(ZeroDivisionError), db.transaction():
        configuration.save(OTHER)
        raise ZeroDivisionError

    assert sent("default") == []
