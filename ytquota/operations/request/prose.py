"""What a letter says in words: what no log can tell, and what Google says of such requests."""

from __future__ import annotations

from ytquota.cloud import FORM

AUDITS = "https://developers.google.com/youtube/data/guides/quota_and_compliance_audits"
POLICIES = "https://developers.google.com/youtube/terms/developer-policies"

NOTHING = """\
## Nothing to show yet

In these days nothing was counted for project {project}. Let its bots run with ytquota for some weeks, or
read what Google counted in the last six weeks with `ytquota reconcile`, and come back."""

USE_NOTE = """\
*Failed* calls were charged and brought nothing; *refused* ones were not made for want of quota. One unit of
the buckets other than `default` is one call. Google's own counters know units alone: calls that are
*official* are reckoned from the price, and what failed or was refused is not among them."""

NEED_NOTE = """\
What the days of the next three months will ask for, estimated from up to 84 finished days by the forecast of
ytquota. A day that ran out counts with what it would have asked for. Growth is not carried on: if the last
column says that use grows, or new features are planned, say so and ask for more."""

ONES_OWN = """\
## What only you can say

Google's form also wants to know, and no log can tell:

- your name and address, those of your organisation, and what it does with YouTube;
- the API client: its name, its address, who uses it, and whether children do;
- all its project numbers: this is the evidence of {project} alone, and Google's policies tie a client to one
  project;
- what each method above is called for, and what happens with the data (most may be kept for 30 days);
- the addresses of its terms of service and privacy policy;
- a demonstration: screenshots or a film of every screen that shows YouTube's data, or an account to try it;
- why the need is as high as stated."""

WHERE_TO = f"""\
## Where it goes

[YouTube API Services - Audit and Quota Extension Form]({FORM})

More quota cannot be bought, and asking is free. It is granted after an audit of compliance with the
[developer policies]({POLICIES}), for the use that was
described; whoever passed one within the last 12 months asks by the same form. No time is promised: weeks are
usual, and months have been reported. [What Google says of it]({AUDITS}).

Spreading a client over several projects to gain quota is a breach of the policies, and is looked for."""
