import Checkers
import Identifiers
import MVCC
import MonotonicClock

/// Clients watch, lose their streams, and resume on other members; sometimes they request a
/// progress notification, or cancel a watcher and create another one: from now, from an old
/// revision, or from a compacted or a future one.
extension Simulation {
    /// A client reads its stream, or opens one.
    func readWatchStream(_ number: Int) throws {
        let client = watchClients[number]
        schedule(.watchClient(number), after: clientRandom.duration(.millisecond...client.rest))
        guard let connection = client.connection,
            let member = hosts[connection.host].member(ofRun: connection.run)
        else { return try open(client) }
        guard hosts[connection.host].pausedUntil <= now else { return }
        requestProgress(client, connection.stream, member)
        for (watcher, response) in try client.read() {
            try receive(response, for: watcher, client)
        }
        try registerMissing(client, connection.stream, member)
        if isFaultPhase { disturb(client, connection.stream, member) }
    }

    private func requestProgress(
        _ client: WatchClient, _ stream: WatchStream, _ member: SimulatedMember
    ) {
        if clientRandom.happens(50_000) { member.state.watchers.requestProgress(on: stream) }
        if clientRandom.happens(30_000), let id = client.watchers.first?.id {
            _ = member.state.watchers.notifyProgress(of: id, on: stream)
        }
    }

    /// Sometimes the connection breaks, or the client cancels a watcher.
    private func disturb(
        _ client: WatchClient, _ stream: WatchStream, _ member: SimulatedMember
    ) {
        if clientRandom.happens(10_000) { return close(client) }
        guard clientRandom.happens(20_000), client.watchers.count > 1 else { return }
        let index = 1 + clientRandom.number(below: client.watchers.count - 1)
        let former = client.watchers.remove(at: index)
        report.count(.watchesReplaced)
        if let id = former.id { _ = member.state.watchers.cancel(id, on: stream) }
    }

    /// Opens a stream on some member, with all watchers of the client.
    private func open(_ client: WatchClient) throws {
        close(client)
        let host = hosts[clientRandom.number(below: hosts.count)]
        guard let member = host.member, host.pausedUntil <= now, !member.isInstalling else {
            return
        }
        let stream = member.state.watchers.openStream(client)
        client.connection = WatchClient.Connection(
            host: host.number, run: member.run, stream: stream)
        try registerMissing(client, stream, member)
    }

    private func close(_ client: WatchClient) {
        client.clearQueue()
        guard let connection = client.connection else { return }
        client.connection = nil
        for number in client.watchers.indices { client.watchers[number].id = nil }
        let member = hosts[connection.host].member(ofRun: connection.run)
        member?.state.watchers.close(connection.stream)
    }

    /// Creates the watchers that are not on the stream, and those that are missing.
    private func registerMissing(
        _ client: WatchClient, _ stream: WatchStream, _ member: SimulatedMember
    ) throws {
        guard !member.isInstalling else { return }
        while client.watchers.count < client.watcherCount {
            client.watchers.append(makeWatcher(member, isFirst: client.watchers.isEmpty))
        }
        for number in client.watchers.indices where client.watchers[number].id == nil {
            let range = client.watchers[number].checker.interest.range
            let identity = client.credentials?.identity ?? .none
            guard try permitsWatch(of: range, by: identity, member) else {
                client.credentials?.logIn(at: record.auth.newest.revision)
                continue
            }
            try register(&client.watchers[number], stream, member)
        }
    }

    private func register(
        _ watcher: inout ClientWatcher, _ stream: WatchStream, _ member: SimulatedMember
    ) throws {
        let start = watcher.hasBegun ? watcher.checker.next : watcher.firstRevision
        guard
            let made = member.state.watchers.register(
                mutated(WatcherConfiguration(watcher.checker.interest, from: start), member),
                id: nil, on: stream)
        else { return }
        let position = record.position(after: member.applied)
        guard made.revision == position.revision else {
            throw SimulationFailure(
                "host \(member.host.number) opens a watch at revision \(made.revision), it is at "
                    + "\(position.revision)")
        }
        if watcher.hasBegun { report.count(.watchesResumed) }
        watcher.checker.open(from: start, created: made.revision)
        watcher.id = made.id
        watcher.hasBegun = true
    }

    /// Applies a mutant to a watcher.
    private func mutated(
        _ configuration: WatcherConfiguration, _ member: SimulatedMember
    ) -> WatcherConfiguration {
        var changed = configuration
        let start = configuration.startRevision
        switch mutant {
        case .watchSkipsRevision where start > 0 && start <= member.state.store.newestRevision:
            changed.startRevision = start.next
        case .watchRepeatsRevision where start > 2: changed.startRevision = start.previous
        case .watchIgnoresFilters: (changed.omitsPuts, changed.omitsDeletions) = (false, false)
        case .watchIgnoresRange where !changed.end.isEmpty: changed.end = [0]
        default: break
        }
        return changed
    }

    private func makeWatcher(_ member: SimulatedMember, isFirst: Bool) -> ClientWatcher {
        let newest = member.state.store.newestRevision
        let first: Revision =
            switch clientRandom.number(below: 10) {
            case 0..<4: 0
            case 4..<9: max(2, newest - clientRandom.number(below: 80))
            default: newest.next + clientRandom.number(below: 5)
            }
        return ClientWatcher(checker: WatchChecker(makeInterest(isFirst)), firstRevision: first)
    }

    private func makeInterest(_ isFirst: Bool) -> WatchInterest {
        let all = KeyRange(key: "a", end: "z")
        let wantsPrevious = clientRandom.happens(500_000)
        guard !isFirst else { return WatchInterest(all, wantsPrevious: wantsPrevious) }
        let range =
            switch clientRandom.number(below: 3) {
            case 0: all
            case 1: KeyRange(key: "b", end: "e")
            default: KeyRange(key: clientRandom.happens(500_000) ? "a" : "c")
            }
        let filter = clientRandom.number(below: 3)
        return WatchInterest(
            range, omitsPuts: filter == 1, omitsDeletions: filter == 2,
            wantsPrevious: wantsPrevious)
    }

    private func receive(
        _ response: ReceivedWatchResponse, for id: Int64, _ client: WatchClient
    ) throws {
        count(response)
        for number in client.watchers.indices {
            guard let own = client.watchers[number].id, id == -1 || id == own else { continue }
            do throws(Finding) {
                try client.watchers[number].checker.receive(response, log: record.log)
            } catch {
                throw SimulationFailure("watch on host \(client.connection?.host ?? -1): \(error)")
            }
            guard case .compacted = response, let connection = client.connection else { continue }
            client.watchers[number].id = nil
            // Its id stays in use until it is cancelled.
            _ = hosts[connection.host].member(ofRun: connection.run)?.state.watchers.cancel(
                own, on: connection.stream)
        }
    }

    private func count(_ response: ReceivedWatchResponse) {
        switch response {
        case .events(let events, let header, _):
            report.count(.watchEvents, by: events.count)
            report.count(.previousPairs, by: events.count { $0.previous != nil })
            trace.add(header.rawValue)
        case .progress: report.count(.watchProgress)
        case .compacted: report.count(.watchesCompacted)
        }
    }

    /// The state of a client's watchers, for a report.
    private func describe(_ client: WatchClient) -> String {
        guard let connection = client.connection,
            let member = hosts[connection.host].member(ofRun: connection.run)
        else { return "it has no stream" }
        let watchers = client.watchers.map { "\($0.id ?? -1) at \($0.checker.next)" }
        return "on host \(connection.host), reads every \(client.rest), "
            + "\(client.hasCapacity ? "has" : "has no") capacity, watchers \(watchers), "
            + "\(member.state.watchers.counts); \(member.stageDescription)"
    }

    /// Once faults have ended, every watcher must have received all events.
    func requireAllReceived(through due: Revision) throws {
        for client in watchClients {
            let caller = ModelledCaller(client.credentials?.identity ?? .none)
            for watcher in client.watchers {
                // Its user may not open it at the end, and nothing says when it last could.
                let range = watcher.checker.interest.range
                guard let caller,
                    watcher.id != nil || record.auth.newest.permitsWatch(of: range, by: caller)
                else { continue }
                do throws(Finding) {
                    try watcher.checker.requireReceived(through: due, record.log)
                } catch {
                    throw SimulationFailure("a watcher lags: \(error); \(describe(client))")
                }
            }
        }
    }
}
