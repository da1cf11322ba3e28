"""The targets of each row."""
import dataclasses
import fractions

from benchmarks.measurements.samples import OURS, THEIRS

THROUGHPUT, CPU, HALF = "requests/s", "CPU us/request", "p99 us at half rate"
RSS, PEAK = "RSS MB", "peak RSS MB"
RESTART, PAUSE, MORE = "restart s", "during / before", "p99 us more"
BESIDE = "CPU / row beside"


@dataclasses.dataclass(frozen=True)
class Target:
    """A bound of the ratio to etcd, or of our value."""

    column: str
    bound: fractions.Fraction
    # Whether the bound is a lower bound.
    is_least: bool = False
    # Whether it is a bound of our value instead of the ratio to etcd.
    is_own: bool = False

    def text(self):
        sign = ">=" if self.is_least else "<="
        is_part = self.bound.numerator == 1
        return f"{sign} {self.bound if is_part else format(float(self.bound), 'g')}"

    def measured(self, into, row):
        """The measured value or ratio, or None."""
        if self.is_own:
            return into.measurement(row, self.column, OURS)
        return into.ratio(row, self.column)

    def is_met(self, value):
        return value >= self.bound if self.is_least else value <= self.bound


def times(factor, column):
    """At least this multiple of etcd's value."""
    return Target(column, fractions.Fraction(str(factor)), is_least=True)


def part(divisor, column):
    """At most this fraction of etcd's value."""
    return Target(column, fractions.Fraction(1, divisor))


def work(throughput, cpu, p99):
    return [times(throughput, THROUGHPUT), part(cpu, CPU), part(p99, HALF)]


# Beside the same row without TLS, or without users.
ENCRYPTED = [part(4, CPU), Target(BESIDE, fractions.Fraction("1.3"), is_own=True)]
WITH_USERS = [part(4, CPU), Target(BESIDE, fractions.Fraction("1.2"), is_own=True)]
HEADLINE = [times(3, THROUGHPUT), part(5, HALF), part(4, PEAK)]
UNDISTURBED = [Target(PAUSE, fractions.Fraction("1.3"), is_own=True)]
BARELY_LATER = [Target(MORE, fractions.Fraction(5_000), is_own=True)]

# By row name, or by prefix of the row name, so that runs with fewer keys have targets, too.
TARGETS = {
    "put, 100 x 10": work(3, 5, 3),
    "3 members: put, 100 x 10": work(3, 4, 3),
    "3 members: put, 100 x 10, spread": work(3, 4, 3),
    "3 members: put, 1 x 1": work(1.5, 3, 2),
    "3 members: txn of 4 puts and 2 compares, 100 x 10": work(3, 4, 3),
    "3 members: range 1 key, 100 x 10": work(4, 5, 3),
    "3 members: range 1 key, 100 x 10, spread": [part(4, CPU)],
    "3 members: 80 % ranges and 20 % puts, 100 x 10": [times(3, THROUGHPUT), part(5, HALF)],
    "3 members: lease keepalive, 1 x 1": [part(2, CPU)],
    "3 members: lease keepalive through a follower, 1 x 1": [
        times(1, THROUGHPUT), Target(CPU, fractions.Fraction("0.6"))],
    "3 members: lease keepalive through a follower, 10 x 100": [
        Target(THROUGHPUT, fractions.Fraction(12_000), is_least=True, is_own=True),
        Target(CPU, fractions.Fraction(60), is_own=True)],
    "objects: txn of 1 compare and 1 put of 700 B, 8 x 1": [part(4, CPU)],
    "watch, 10,000 streams of 3 KB events": HEADLINE,
    "RangeStream of ": HEADLINE,
    "Lease objects of ": HEADLINE,
    "range 1 key serializable, 100 x 10": work(5, 6, 3),
    "range 1,000 keys, 10 x 1": work(4, 5, 3),
    "range of all ": [times(3, THROUGHPUT), part(4, CPU), part(5, PEAK)],
    "watch, 10,000 watchers on 100 streams (events)": work(4, 6, 3),
    "watch, 1,000 writers with a watcher each": work(3, 4, 3),
    "lease grant, ": work(3, 4, 3),
    "lease keepalive, ": work(3, 4, 3),
    "TLS: put, 100 x 10": ENCRYPTED,
    "TLS: range 1 key, 100 x 10": ENCRYPTED,
    "TLS with RSA: put, 100 x 10": ENCRYPTED,
    "TLS with RSA: range 1 key, 100 x 10": ENCRYPTED,
    "TLS: handshake, ": [part(3, CPU)],
    "TLS: range of all ": [times("2.5", THROUGHPUT)],
    "3 members, TLS: put, 100 x 10": ENCRYPTED,
    "users: ": WITH_USERS,
    "users with JWT: ": WITH_USERS,
    "memory: idle TLS, ": [part(2, RSS)],
    "memory: keys of 64 B, ": [part(3, RSS)],
    "memory: idle, ": [part(3, RSS)],
    "load of ": [part(5, RESTART)],
    "pause: ranges of ": [Target(PAUSE, fractions.Fraction("1.5"), is_own=True)],
    "pause: DeleteRange of ": BARELY_LATER,
    "pause: revoke of ": BARELY_LATER,
    "pause: end of ": [
        Target(PAUSE, fractions.Fraction(2), is_own=True),
        Target("action s", fractions.Fraction(5), is_own=True)],
    "pause: ": UNDISTURBED,
    "3 members: catch-up, ": UNDISTURBED,
    "lone put, ": [
        times(1, THROUGHPUT), part(1, "p50 us"), part(1, "p99 us"),
        Target(CPU, fractions.Fraction("0.45"))],
}


def targets_of(row):
    """The targets of a row by its name, else by a prefix that ends with a space."""
    if row in TARGETS:
        return TARGETS[row]
    for prefix, targets in TARGETS.items():
        if prefix.endswith(" ") and row.startswith(prefix):
            return targets
    return []


def target_of(row, column):
    return next((one for one in targets_of(row) if one.column == column), None)


def decisive(row):
    """The columns that must be steady: those with targets, throughput and CPU."""
    return list(dict.fromkeys([THROUGHPUT, CPU, *(one.column for one in targets_of(row))]))


def has_half_rate(row):
    return target_of(row, HALF) is not None


def unmeasured(into):
    """Targets without a verdict because their samples are not steady."""
    return [
        {"row": row, "column": target.column, "target": target.text()}
        for row in into.samples for target in targets_of(row)
        if target.measured(into, row) is None and not into.is_steady(row, target.column)]


def verdicts(into):
    """All targets of measured rows with their results, in the order of the rows."""
    found = []
    for row in into.samples:
        for target in targets_of(row):
            value = target.measured(into, row)
            if value is None:
                continue
            found.append({
                "row": row, "column": target.column, "target": target.text(),
                "bound": float(target.bound), "isLeast": target.is_least,
                "isOwn": target.is_own, "measured": value,
                "ours": into.measurement(row, target.column, OURS),
                "etcd": into.measurement(row, target.column, THEIRS),
                "isMet": bool(target.is_met(value))})
    return found
