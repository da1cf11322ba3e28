"""All sections of the benchmark, in the order in which they are measured."""
import functools

from benchmarks.rows import incidents, memory, work
from benchmarks.rows.section import Section
from benchmarks.rows.workloads import is_selected


def sections(options):
    """The selected sections."""
    selected = [group.selected(options.only) for group in work.GROUPS]
    return [group.section() for group in selected if group] + [
        Section(measure) for names, measure in others(options)
        if is_selected(options.only, names)]


def others(options):
    """Sections other than work: names that `--only` can select, and the measuring functions."""
    found = [
        ("3 members: leader killed", incidents.leader_killed),
        ("memory: keys, idle", memory.resident),
        ("memory: idle TLS", memory.idle_encrypted),
    ]
    loads = [(options.keys, max(options.rounds, 2)), (10_000_000, 2)]
    if options.no_ten_million:
        loads.pop()
    if options.no_million:
        loads.clear()
    for keys, restarts in loads:
        measure = functools.partial(memory.load_and_restart, keys, restarts)
        found.append(("load, restart", measure))
    return found
