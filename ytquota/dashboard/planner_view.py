"""The planner: sliders in calls, not units, and at once what fits, when, and how sure."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import ipywidgets as w

from ytquota.dashboard.figures import style
from ytquota.intelligence.plan import CONFIDENCE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from ytquota.intelligence import QuotaIntelligence
    from ytquota.intelligence.plan import Plan

USUAL: Mapping[str, int] = {
    "search.list": 1_000,
    "videos.insert": 300,
    "videos.list": 20_000,
    "comments.insert": 500,
    "captions.insert": 100,
}
"""Methods that are planned most, and the most calls of each that a slider offers."""


class Planner(w.VBox):  # type: ignore[misc]  # ipywidgets is untyped
    """Sliders for the calls of each method, a deadline, how sure each day is to be, and the plan beneath.

    Args:
        intelligence: what makes the plans.
        project: whose quota.
        methods: sliders to show: methods, and the most calls of each.
        deadline: the last quota day allowed.
    """

    def __init__(
        self,
        intelligence: QuotaIntelligence,
        project: str,
        *,
        methods: Mapping[str, int] = USUAL,
        deadline: date | None = None,
    ) -> None:
        self._intelligence, self._project = intelligence, project
        self.plan: Plan | None = None
        wide = {"layout": w.Layout(width="520px"), "style": {"description_width": "150px"}}
        self.calls = {
            method: w.IntSlider(0, 0, most, description=method, continuous_update=False, **wide)
            for method, most in methods.items()
        }
        self.deadline = w.DatePicker(value=deadline, description="done by", **wide)
        self.confidence = w.FloatSlider(
            CONFIDENCE, min=0.5, max=0.95, step=0.05, readout_format=".0%", description="how sure",
            continuous_update=False, **wide,
        )  # fmt: skip
        self.said = w.HTML()
        inputs = [*self.calls.values(), self.deadline, self.confidence]
        for one in inputs:
            one.observe(self._changed, names="value")
        super().__init__([w.HTML(style()), *inputs, self.said])
        self.add_class("ytq")
        self._changed(None)

    def _changed(self, _: Any) -> None:
        work = {method: slider.value for method, slider in self.calls.items() if slider.value}
        if not work:
            self.plan, self.said.value = None, "<p>Move a slider: how many calls are to be made?</p>"
            return
        self.plan = self._intelligence.plan(
            work, project=self._project, deadline=self.deadline.value, confidence=self.confidence.value
        )
        self.said.value = _page(self.plan)


def _page(plan: Plan) -> str:
    sentences = "".join(f"<p>{html.escape(sentence)}</p>" for sentence in plan.sentences())
    return sentences + ("" if plan.fits_today else _table(plan))


def _table(plan: Plan) -> str:
    rows = []
    for day in plan.days:
        calls = ", ".join(f"{count:,} x {html.escape(method)}" for method, count in day.calls.items())
        late = " (late)" if plan.deadline is not None and day.day > plan.deadline else ""
        rows.append(
            f"<tr><td>{day.day:%a %d %b}{late}</td><td>{calls}</td><td>{day.probability:.0%}</td></tr>"
        )
    head = "<thead><tr><th>day</th><th>calls</th><th>sure</th></tr></thead>"
    return f'<table class="ytq-log">{head}<tbody>{"".join(rows)}</tbody></table>'
