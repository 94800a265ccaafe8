"""Search YouTube and print what is known of each video found, one JSON object per line.

    python examples/crawler.py "tide pools" "night train" --pages 2 > videos.jsonl

Cost: 1 of the day's searches (usually 100, a pool of its own) for each page of 50 videos, and 1 unit of the
default pool for the facts of those 50. Asking for one video at a time would cost fifty.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from googleapiclient.errors import HttpError

from ytquota import QuotaExceeded, get_authenticated_service, tag

if TYPE_CHECKING:
    from collections.abc import Iterator


def search(youtube: Any, term: str, pages: int) -> Iterator[list[str]]:
    """Yield lists of up to 50 video ids."""
    request = youtube.search().list(part="id", q=term, type="video", maxResults=50)
    while request is not None and pages > 0:
        found = request.execute(num_retries=3)
        yield [item["id"]["videoId"] for item in found["items"]]
        request, pages = youtube.search().list_next(request, found), pages - 1


def facts(youtube: Any, ids: list[str]) -> Iterator[dict[str, str]]:
    """Yield title and numbers of up to 50 videos: one call."""
    request = youtube.videos().list(part="snippet,statistics", id=",".join(ids))
    for video in request.execute(num_retries=3)["items"]:
        yield {"id": video["id"], "title": video["snippet"]["title"], **video["statistics"]}


def main(terms: list[str], pages: int, credential_set: int) -> None:
    youtube = get_authenticated_service(credential_set, tag="crawler", priority="low")
    for number, term in enumerate(terms):
        try:
            with tag(f"crawler: {term}"):
                for ids in search(youtube, term, pages):
                    print(*map(json.dumps, facts(youtube, ids)), sep="\n")
        except QuotaExceeded as gone:  # searches and units are two pools: it says which is empty, until when
            sys.exit(f"{gone} Still to do: {', '.join(terms[number:])}")
        except HttpError as error:
            print(f"{term}: YouTube said: {error.reason}", file=sys.stderr)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("terms", nargs="+")
    parser.add_argument("--pages", type=int, default=1, help="pages of 50 videos for each term")
    parser.add_argument("--set", type=int, default=1, dest="credential_set", help="the credential set")
    main(**vars(parser.parse_args()))
