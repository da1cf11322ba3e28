"""How our etcdctl differs from etcd's: `NEWER` from 3.5.1 as 3.7.1 does, `OWN` from 3.7.1 too.

A row has the pattern of command lines, what it is about, a pattern of that and what it becomes:
- output, errors: what theirs prints becomes what ours prints;
- both: is masked in the outputs and errors of both, because they cannot be compared;
- status: the exit status becomes another one;
- result: theirs is replaced by (exit status, output, errors).
The rows of `OWN` are explained in docs/reference/commands.md.
"""
import re

from acceptance.command_lines import Result

VERSION_TEXT = "etcdctl version: 3.7.1\nAPI version: 3.7\n"

# What 3.5.1 does differently from 3.7.1. It has not all flags and commands.
NEWER = [
    # The help has another layout, and goes to the standard error behind errors, which 3.5.1 prints
    # twice: see without_usage.
    (r"", "errors", r"\A(Error: (?s:.*?)\nRun 'etcdctl --help' for usage\.\n)Error: (?s:.*)\Z",
     r"\1"),
    (r"help get nosuch|snapshot nosuch", "result", None, (0, "HELP\n", "")),
    (r"^ver|version", "output", r"etcdctl version: 3\.5\.1\nAPI version: 3\.5\n", VERSION_TEXT),
    # Tables are drawn with other characters; that of the status has more columns, with the sizes
    # that 3.5.1 does not print.
    (r"-w table", "both", r"[─-]+", "-"),
    (r"-w table", "both", r"[┌├└┬┼┴┐┤┘]", "+"),
    (r"-w table", "both", "│", "|"), (r"-w table", "both", r" {2,}", " "),
    (r"endpoint (status|hashkv).* -w table", "both", r"(?s)\A.+\Z", "TABLE\n"),
    (r"endpoint status", "both", r", (\d\S* [kM]?B, (?:\d\S* [kM]?B, \d+%, 0 B, )?)(true|false), "
     r"(true|false), (\d+), N, N, (.*?)(, , false)?$", r", \2, \3, \4, \5"),
    (r"endpoint status", "both", r"(ADDRESS, ID, [\d.]+), (, )?", r"\1, "),
    (r"endpoint status.* fields", "both",
     r'(?m)^"(StorageVersion|DBSizeInUse|DBSizeQuota|Downgrade\w+)" : .*\n', ""),
    # The hash has its revision, which a server of 3.5.1 does not report.
    (r"endpoint hashkv|ETCDCTL_CLUSTER", "output", r"(?m)^((?:http://)?ADDRESS, \d+)$", r"\1, 0"),
    (r"endpoint hashkv.* fields", "output", r'("Hash" : \d+\n)', r'\1"HashRevision" : 0\n'),
    # Headers have no revision without one; hexadecimal output has leases and URLs.
    (r"fields", "output", r'(?m)^"Revision" : 0\n', ""),
    (r"--hex.* fields", "both", r'(?m)^("\w*Lease" : ).*', r"\1LEASE"),
    (r"--hex.* json", "output", "clientURLS", "clientURLs"),
    (r"defrag", "output", r"(?m)(member\[.*\])$", r"\1. took TIME"),
    (r"defrag", "errors", r"(?m)(member\[.*?\]) \(", r"\1. took TIME. ("),
    (r"alarm|endpoint status", "output", r"(alarm:\w+) $", r"\1"),
    (r"alarm (list|disarm)$", "output", r"(?m)^(memberID:\d+) +(alarm:\w+) ?$", r"\1 \2"),
    # A panic.
    (r"alarm disarm.* fields", "both", r"(?s)\A.*\Z", "PANIC"),
    (r"alarm disarm.* fields", "status", 2, 0),
    (r"snapshot save .*refused.db", "errors", "Error: etcdserver",
     "Error: rpc error: code = PermissionDenied desc = etcdserver"),
    (r"snapshot save", "errors", "expects one argument$", "expects one argument <filename>"),
    (r"^del d/1 d/2$", "errors", r"\A\Z", "DELAY\n"),
    (r"^del d/1 d/2$", "both", r"Warning: Keys between .*", "DELAY"),
    # Between commands that begin alike stands a new one.
    (r"^comp 1", "result", None, (
        1, "", 'Error: unknown command "comp" for "etcdctl"\n\nDid you mean this?\n\tcompaction\n'
        "\tcompletion\n\nRun 'etcdctl --help' for usage.\n")),
    # Flags and commands that 3.5.1 does not have.
    (r"--auth-jwt-token", "result", None, (1, "", "Error: etcdserver: invalid auth token\n")),
    (r"member list --consistency=x", "result", None, (
        4, "", 'Error: unknown consistency flag "l"\n')),
    (r"member list --consistency=s", "both", r"(?s)\A.*\Z", "MEMBERS"),
    (r"member list --consistency=s", "status", 1, 0),
    (r"make-mirror x --max-txn-ops=-1", "result", None, (
        1, "", 'Error: invalid argument "-1" for "--max-txn-ops" flag: strconv.ParseUint: parsing '
        '"-1": invalid syntax\nUSAGE\n')),
    (r"make-mirror x --max-txn-ops=x", "result", None, (
        1, "", 'Error: invalid argument "x" for "--max-txn-ops" flag: strconv.ParseUint: parsing '
        '"x": invalid syntax\nUSAGE\n')),
    (r"^completion$", "result", None, (1, "", "Error: accepts 1 arg(s), received 0\nUSAGE\n")),
    (r"^completion nosuch", "result", None, (
        1, "", 'Error: invalid argument "nosuch" for "etcdctl completion"\nUSAGE\n')),
    (r"^completion bash zsh", "result", None, (
        1, "", "Error: accepts 1 arg(s), received 2\nUSAGE\n")),
    (r"--max-request-bytes=1 ", "result", None, (
        1, "", "Error: rpc error: code = ResourceExhausted desc = trying to send message larger "
        "than max (5 vs. 1)\n")),
    (r"--max-request-bytes=100 ", "result", None, (
        128, "", 'Error: bad lease ID (strconv.ParseInt: parsing "zz": invalid syntax), expecting '
        "ID in Hex\n")),
    (r"--max-recv-bytes=1 ", "both", r"larger than max \(\d+ vs", "larger than max (N vs"),
    (r"--max-recv-bytes=1 ", "result", None, (
        1, "", "Error: rpc error: code = ResourceExhausted desc = grpc: received message larger "
        "than max (N vs. 1)\n")),
    (r"--max-recv-bytes=1000 ", "result", None, (0, "k/1\none\n", "")),
    (r"^watch.* -w json", "output", r'("Created":false)\}', r'\1,"CancelReason":""}'),
    (r"ETCDCTL_API=2", "result", None, (0, "k/1\none\n", "")),
    # 3.5.1 waits for the connection, 3.7.1 dials in the background.
    (r"--dial-timeout=1ns", "result", None, (0, "k/1\none\n", "")),
    # 3.5.1 does not encrypt for this flag alone.
    (r"^--insecure-skip-tls-verify get k/1", "result", None, (
        1, "", "Error: context deadline exceeded\n")),
    # 3.5.1 checks the health of --endpoints whatever the name servers say.
    (r"^-d nosuch.invalid endpoint health", "result", None, (
        1, "", "Error: dns lookup errors: lookup _etcd-client-ssl._tcp.nosuch.invalid on "
        "NAMESERVER: no such host and lookup _etcd-client._tcp.nosuch.invalid on NAMESERVER: no "
        "such host\n")),
    # Texts of another version of Go.
    (r"--cacert \{key\}", "both", r"Error: (x509|asn1): .*", "Error: CERTIFICATE"),
    (r"^lock name /$", "both", r"permission denied|is a directory", "REFUSED"),
]

# What is ours alone.
OWN = [
    # The client does not keep the header of the response that cancels a watch.
    (r"^watch .*--rev=2 -w fields", "both", r'(?m)^"(ClusterID|MemberID|RaftTerm)" : .*', r'"\1"'),
    # Each attempt to connect has this timeout.
    (r"--dial-timeout=1ns", "result", None, (1, "", "Error: context deadline exceeded\n")),
    # The client does not say which name server it asked.
    (r"nosuch\.invalid", "both", r" on NAMESERVER", ""),
]

# What also differs from one run or one build to the next: the size of a database; the blanks of
# etcd's alarms; without a leader, member or client may notice first that the time is over.
UNDECIDED = [
    (r"lease timetolive", "both", r'("TTL" : |"ttl":)\d+', r"\1N"),
    (r"alarm", "both", r"(?m)^(memberID:\d+) +(alarm:\w+) ?$", r"\1 \2"),
    (r"endpoint status", "both", r'"(dbSize|dbSizeInUse)":\d+', r'"\1":N'),
    (r"endpoint status", "both", r'"(DBSize|DBSizeInUse)" : \d+', r'"\1" : N'),
    (r"endpoint status", "both", r"\d\S* [kM]?B, \d\S* [kM]?B, \d+%", "SIZES"),
    (r"^--command-timeout=1s ", "both",
     r"(rpc error: code = Unknown desc = )?context deadline exceeded|etcdserver: request timed out",
     "OVER"),
]


def without_usage(result):
    """Without the usage that follows an error: the descriptions are our own."""
    output, errors = result.output, result.errors
    if output.startswith("NAME:\n"):
        output = ""
        errors = errors.split("\n")[0] + "\nUSAGE\n"
    elif "\nUsage:\n" in errors:
        errors = errors[:errors.index("\nUsage:\n")] + "\nUSAGE\n"
    elif errors.startswith("Usage:\n"):
        errors = "USAGE\n" + "".join(
            line for line in errors.splitlines(True) if line.startswith("Error: "))
    if "\nUsage:\n" in output:
        output = "HELP\n"
    return Result(result.line, result.status, output, errors)


def translated(result, rows, is_theirs):
    """A result as ours should be, or ours as it is compared."""
    one = without_usage(result)
    status, streams = one.status, {"output": one.output, "errors": one.errors}
    for line, what, pattern, replacement in rows:
        if not re.search(line, one.line):
            continue
        if what == "both":
            streams = {name: re.sub(pattern, replacement, text, flags=re.MULTILINE)
                       for name, text in streams.items()}
        elif not is_theirs:
            continue
        elif what == "result":
            status, streams["output"], streams["errors"] = replacement
        elif what == "status":
            status = replacement if status == pattern else status
        else:
            streams[what] = re.sub(pattern, replacement, streams[what], flags=re.MULTILINE)
    return Result(one.line, status, **streams)
