"""Answer ``!hello`` in your live chat and remove spam, until the stream ends or the quota does.

    python examples/chat_bot.py [--every 10] [--minutes 180]

Cost, from the default pool (usually 10,000 units a day): 1 to find the broadcast, 5 for a look, 20 for each
answer or removal. A look every 10 seconds is 1,800 units an hour: about five hours of stream.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

from googleapiclient.errors import HttpError

from ytquota import QuotaExceeded, get_authenticated_service, tag

SPAM = ("free followers", "cheap viewers")


def reply(youtube: Any, message: dict[str, Any]) -> None:
    """Answer or remove one message."""
    text = message["snippet"].get("displayMessage", "").lower()
    if any(phrase in text for phrase in SPAM):
        youtube.liveChatMessages().delete(id=message["id"]).execute()
    elif text.startswith("!hello"):
        hello = {"messageText": f"Hello {message['authorDetails']['displayName']}!"}
        chat = message["snippet"]["liveChatId"]
        snippet = {"liveChatId": chat, "type": "textMessageEvent", "textMessageDetails": hello}
        youtube.liveChatMessages().insert(part="snippet", body={"snippet": snippet}).execute()


def main(every: float, minutes: float) -> None:
    youtube = get_authenticated_service(1, tag="chat-bot", priority="high")
    live = youtube.liveBroadcasts().list(part="snippet", broadcastStatus="active").execute()["items"]
    live = live or sys.exit("You are not live.")
    ask = {"liveChatId": live[0]["snippet"]["liveChatId"], "part": "snippet,authorDetails", "pageToken": None}
    end = time.monotonic() + 60 * minutes
    while time.monotonic() < end:
        answer = youtube.liveChatMessages().list(**ask).execute(num_retries=3)
        with tag("chat-bot replies"):
            for message in answer["items"] if ask["pageToken"] else ():  # not what was said before we came
                reply(youtube, message)
        ask["pageToken"] = answer["nextPageToken"]
        time.sleep(max(every, answer["pollingIntervalMillis"] / 1000))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--every", type=float, default=10, help="seconds between two looks")
    parser.add_argument("--minutes", type=float, default=180, help="how long to stay")
    try:
        main(**vars(parser.parse_args()))
    except QuotaExceeded as gone:  # a stream does not wait for midnight: say so and leave
        sys.exit(str(gone))
    except HttpError as error:  # the chat has ended, or is closed to us
        sys.exit(f"YouTube said: {error.reason}")
