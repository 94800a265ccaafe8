"""Upload the films of a folder, with thumbnails, into a playlist; where the quota ends, wait for midnight.

    python examples/uploader.py FOLDER [--playlist PL...] [--once]

Cost of a film: 1 of the day's uploads (usually 100, its own pool) and 100 units of the default pool, half
for the thumbnail (``film.png`` beside ``film.mp4``), half for the playlist. Then it is ``film.mp4.done``.
"""

from __future__ import annotations

import argparse
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from googleapiclient.http import MediaFileUpload

from ytquota import QuotaExceeded, get_authenticated_service


def upload(youtube: Any, film: Path, playlist: str | None) -> str:
    """Upload one film and return its id."""
    body = {"snippet": {"title": film.stem}, "status": {"privacyStatus": "private"}}
    media = MediaFileUpload(str(film), "video/mp4", chunksize=8 * 1024 * 1024, resumable=True)
    insert = youtube.videos().insert(part="snippet,status", body=body, media_body=media)
    video: str = insert.execute(num_retries=3)["id"]
    film.rename(film.with_suffix(".mp4.done"))  # before anything else: it must not be uploaded twice
    picture = film.with_suffix(".png")
    if picture.exists():
        youtube.thumbnails().set(videoId=video, media_body=str(picture)).execute(num_retries=3)
    if playlist:
        entry = {"playlistId": playlist, "resourceId": {"kind": "youtube#video", "videoId": video}}
        youtube.playlistItems().insert(part="snippet", body={"snippet": entry}).execute()
    return video


def main(folder: Path, playlist: str | None, once: bool) -> None:
    youtube = get_authenticated_service(1, tag="uploader")
    while films := sorted(folder.glob("*.mp4")):
        try:
            print(f"{films[0].name}: https://youtu.be/{upload(youtube, films[0], playlist)}")
        except QuotaExceeded as gone:
            if once or gone.retry_at is None:
                sys.exit(f"{gone} Next: {films[0].name}")
            time.sleep(max(60, (gone.retry_at - datetime.now(UTC)).total_seconds()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--playlist", help="the id of the playlist to put them into")
    parser.add_argument("--once", action="store_true", help="do not wait for tomorrow's quota")
    main(**vars(parser.parse_args()))
