"""Batches as googleapiclient writes them and as Google answers them."""

from __future__ import annotations

from ytquota.service.multipart import compose, read_answers, read_parts

OUTGOING = """--===============1==
Content-Type: application/http
MIME-Version: 1.0
Content-Transfer-Encoding: binary
Content-ID: <0b8bb4a0-1b3e-4f6d-a1ff-1b2c3d4e5f60 + a%20very%20long%20request%20id%20that%20makes%20a%20header
 fold>

GET /youtube/v3/videos?part=id&id=a HTTP/1.1
Content-Type: application/json
MIME-Version: 1.0
accept: application/json
Authorization: Bearer token-1
Host: youtube.googleapis.com


--===============1==
Content-Type: application/http
Content-ID: <0b8bb4a0-1b3e-4f6d-a1ff-1b2c3d4e5f60 + 2>

POST /youtube/v3/comments?part=snippet HTTP/1.1
Content-Type: application/json
Host: youtube.googleapis.com
content-length: 2

{}
--===============1==--
"""

BASE = "0b8bb4a0-1b3e-4f6d-a1ff-1b2c3d4e5f60"


def incoming(*parts):
    body = "".join(
        f"--b\r\nContent-Type: application/http\r\nContent-ID: <response-{id_}>\r\n\r\n"
        f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n\r\n{content}\r\n"
        for id_, status, content in parts
    )
    return (body + "--b--").encode()


def test_every_part_is_read_with_its_own_authorisation():
    """Verb, path, query and headers of each part, under its unfolded id."""
    first, second = read_parts(OUTGOING, 'multipart/mixed; boundary="===============1=="')

    assert first.id.startswith(BASE)
    assert "\n" not in first.id
    assert (first.wire.verb, first.wire.path, first.wire.query) == (
        "GET",
        "/youtube/v3/videos",
        "part=id&id=a",
    )
    assert first.wire.headers["authorization"] == "Bearer token-1"
    assert (second.id, second.wire.verb, second.wire.path) == (f"{BASE} + 2", "POST", "/youtube/v3/comments")


def test_answers_are_found_by_the_id_of_their_request_in_any_order():
    """Google may answer in any order; the ids carry a prefix."""
    answers = read_answers(
        incoming((f"{BASE} + 2", 403, '{"error": 1}'), (f"{BASE} + 1", 200, "{}")),
        "multipart/mixed; boundary=b",
    )

    assert answers[f"{BASE} + 1"].status == 200
    assert (answers[f"{BASE} + 2"].status, answers[f"{BASE} + 2"].body) == (403, b'{"error": 1}')


def test_what_cannot_be_read_is_left_out():
    """A page of a proxy, or a part without a status line, is no answer."""
    assert read_answers(b"<html>bad gateway</html>", "text/html") == {}
    assert (
        read_answers(b"--b\r\nContent-ID: <x>\r\n\r\nrubbish\r\n--b--", "multipart/mixed; boundary=b") == {}
    )


def test_answers_put_together_again_read_the_same():
    """What is given back for parts that may not be sent again is what the server said."""
    before = read_answers(
        incoming((f"{BASE} + 1", 401, '{"error": {"code": 401}}')), "multipart/mixed; boundary=b"
    )

    response, content = compose(before)

    after = read_answers(content, response["content-type"])
    assert {id_: (a.status, a.body.strip()) for id_, a in after.items()} == {
        f"{BASE} + 1": (401, b'{"error": {"code": 401}}')
    }
