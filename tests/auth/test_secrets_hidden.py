"""Tokens, client secrets and API keys never show: not in a repr, a log, an error or the audit trail."""

from __future__ import annotations

import traceback

import pytest
from googleapiclient.errors import HttpError

from ytquota.auth import load_sets
from ytquota.auth import rotation as actions
from ytquota.auth.choice import pick_set
from ytquota.auth.credentials import StoredCredentials
from ytquota.auth.tokens import load_client_secrets, load_token
from ytquota.errors import YTQuotaError

ONE, TWO = "111111111111", "222222222222"


def test_no_object_shows_a_secret(furnish, open_monitor, secrets_of, service_of):
    """Whatever a debugger, an f-string or a crash report prints."""
    settings = furnish({1: ONE}, api_keys={3: ONE})
    monitor = open_monitor(settings)
    token = load_token(1, settings.sets[1].token_file)
    sets = load_sets(settings, monitor)
    shown = [settings, token, sets, [one.to_json() for one in sets], pick_set(settings, monitor), monitor]
    shown += [load_client_secrets(1, settings.sets[1].secrets_file), StoredCredentials.from_token(token)]
    shown += [service_of(settings, monitor), service_of(settings, monitor, 3)]

    text = "\n".join(f"{one!r} {one}" for one in shown)

    for secret in secrets_of(settings) + secrets_of(settings, 3):
        assert secret not in text


def test_a_day_of_trouble_logs_and_raises_no_secret(
    furnish, open_monitor, sandbox, secrets_of, service_of, everything_logged
):
    """Renewal, refusal, quarantine, rotation, reset: logs down to DEBUG, errors, and all of memory/."""
    settings = furnish({1: ONE, 10: TWO}, extra={"YTQUOTA_ROTATION": "1,10"})
    secrets = secrets_of(settings) + secrets_of(settings, 10)
    monitor = open_monitor(settings)
    service = service_of(settings, monitor)
    sandbox.expire_tokens()
    service.videos().list(part="id", id="a").execute()
    secrets += secrets_of(settings)
    sandbox.expire_tokens()
    sandbox.revoke(1)
    told = []
    for action in (
        lambda: service.videos().list(part="id", id="a").execute(),
        lambda: actions.rotate(settings, monitor, 10),
        lambda: actions.reset(settings, monitor, 1),
        lambda: actions.disable(settings, monitor, 1),
        lambda: pick_set(settings, monitor),
    ):
        try:
            told.append(str(action()))
        except YTQuotaError as error:
            told += traceback.format_exception(error)
    monitor.close()

    text = everything_logged() + "\n".join(told)
    files = [path for path in settings.memory_dir.rglob("*") if path.is_file()]
    text += "\n".join(path.read_text(errors="replace") for path in files)

    assert "quarantined" in text
    for secret in secrets:
        assert secret not in text


def test_an_api_key_is_not_in_the_address_of_a_failed_call(
    furnish, sandbox, secrets_of, service_of, everything_logged
):
    """It travels as a header: the client's errors and its log quote addresses. Batches work, too."""
    settings = furnish({}, api_keys={3: ONE})
    service = service_of(settings)
    answers = []
    batch = service.new_batch_http_request(callback=lambda *answer: answers.append(answer))
    batch.add(service.videos().list(part="id", id="a"))
    batch.add(service.videos().list(part="id", id="b"))
    batch.execute()
    sandbox.fail("videos.list", 404)

    with pytest.raises(HttpError, match="404") as caught:
        service.videos().list(part="id", id="a").execute()

    assert [error for _, _, error in answers] == [None, None]
    assert sandbox.used(ONE) == 3
    assert secrets_of(settings, 3)[0] not in f"{caught.value} {caught.value!r}" + everything_logged()


@pytest.mark.parametrize("spoil", ["{", '{"token": "%s"}', '["%s"]', '"%s"'])
def test_a_garbled_token_file_is_not_quoted(furnish, token_of, secrets_of, spoil):
    """Half a file may still hold a whole token."""
    settings = furnish()
    secret = secrets_of(settings)[0]
    settings.sets[1].token_file.write_text(spoil % secret if "%s" in spoil else spoil + secret)

    assert secret not in load_sets(settings)[0].why
