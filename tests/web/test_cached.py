"""Pictures and sounds to which answers refer, over HTTP."""

import pytest


@pytest.fixture
def cache(world, configure, tmp_path):
    folder = tmp_path / "cache"
    (folder / "images").mkdir(parents=True)
    (folder / "images" / "plot.png").write_bytes(b"a plot")
    (folder / "images" / "page.html").write_text("<script>")
    (folder / "images" / "drawing.svg").write_text("<svg/>")
    (folder / "images" / "link.png").symlink_to(tmp_path / "secret.png")
    (tmp_path / "secret.png").write_bytes(b"secret")
    configure(data_dir=tmp_path)


def test_members_see_pictures_and_strangers_do_not(cache, member, stranger, new_caller):
    answer = member.get("/cache/images/plot.png")

    assert (answer.data, answer.content_type) == (b"a plot", "image/png")
    assert answer.headers["Content-Security-Policy"].endswith("sandbox")
    assert stranger.get("/cache/images/plot.png").status_code == 403
    assert new_caller("pending").get("/cache/images/plot.png").status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        "page.html",
        "drawing.svg",
        "none.png",
        "link.png",
        "../../secret.png",
        "..%2f..%2fsecret.png",
    ],
)
def test_nothing_else_is_served(cache, member, path):
    answer = member.get(f"/cache/images/{path}")

    assert answer.status_code == 404
    assert b"secret" not in answer.data
