"""Poll for hours on one day's quota.

::

    from ytquota.pace import pace

    for tick in pace("liveChatMessages.list", until=end_of_stream, share=0.6, service=youtube):
        tick.answered(youtube.liveChatMessages().list(...).execute())
"""

from __future__ import annotations

from ytquota.service.pacing import Pacer, Tick, pace

__all__ = ["Pacer", "Tick", "pace"]
