"""Members that must stop by themselves: because a start fails, or because of an error."""


def failed_start(member, seconds=60):
    """Starts a member that must exit by itself; returns its exit status and log."""
    member.start(wait=False)
    status = member.process.wait(seconds)
    member.log.close()
    return status, member.tail(200)


def assert_stopped_with_error(member, *texts):
    """The member exits with an error status and logs the reason, which has one of the texts."""
    status = member.process.wait(60)
    assert status != 0
    log = member.tail(200).lower()
    assert any(text in log for text in texts), log
    lines = [line for line in member.log_lines() if line["level"] in ("fatal", "panic", "error")]
    assert lines or "panic" in log, "the reason must have level error, panic or fatal"
