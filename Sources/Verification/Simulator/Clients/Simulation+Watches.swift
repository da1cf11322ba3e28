import Judges
import MVCC

/// Clients watch, lose their streams, and go on elsewhere from where they were; now and then they
/// ask for a progress, or end a watcher and begin another one: from now, from an old revision, from
/// one that is compacted or has not been yet.
extension Simulation {
    /// A client looks at its stream, or opens one.
    func look(_ number: Int) throws {
        let client = watchClients[number]
        schedule(.look(number), after: clientDice.duration(.millisecond...client.rest))
        guard let place = client.place, let member = hosts[place.host].member(ofRun: place.run)
        else { return try open(client) }
        guard hosts[place.host].pausedUntil <= now else { return }
        askForProgress(client, place.stream, member)
        for (watcher, response) in try client.read() {
            try take(response, for: watcher, client)
        }
        try resumeEnded(client, place.stream, member)
        if isStormy { disturb(client, place.stream, member) }
    }

    private func askForProgress(
        _ client: WatchClient, _ stream: WatchStream, _ member: SimulatedMember
    ) {
        if clientDice.happens(50_000) { member.state.watchers.requestProgress(on: stream) }
        if clientDice.happens(30_000), let id = client.watchers.first?.id {
            _ = member.state.watchers.notifyProgress(of: id, on: stream)
        }
    }

    /// Now and then the connection breaks, or the client does not want a watcher any more.
    private func disturb(
        _ client: WatchClient, _ stream: WatchStream, _ member: SimulatedMember
    ) {
        if clientDice.happens(10_000) { return close(client) }
        guard clientDice.happens(20_000), client.watchers.count > 1 else { return }
        let place = 1 + clientDice.number(below: client.watchers.count - 1)
        let former = client.watchers.remove(at: place)
        report.count(.watchesDone)
        if let id = former.id { _ = member.state.watchers.cancel(id, on: stream) }
    }

    /// Opens a stream at some member with all watchers of the client.
    private func open(_ client: WatchClient) throws {
        close(client)
        let host = hosts[clientDice.number(below: hosts.count)]
        guard let member = host.member, host.pausedUntil <= now, !member.isInstalling else {
            return
        }
        let stream = member.state.watchers.openStream(client)
        client.place = WatchClient.Place(host: host.number, run: member.run, stream: stream)
        try resumeEnded(client, stream, member)
    }

    private func close(_ client: WatchClient) {
        client.forget()
        guard let place = client.place else { return }
        client.place = nil
        for number in client.watchers.indices { client.watchers[number].id = nil }
        hosts[place.host].member(ofRun: place.run)?.state.watchers.close(place.stream)
    }

    /// Opens the watchers that are not on the stream, and adds those the client wants beside.
    private func resumeEnded(
        _ client: WatchClient, _ stream: WatchStream, _ member: SimulatedMember
    ) throws {
        guard !member.isInstalling else { return }
        while client.watchers.count < client.watcherCount {
            client.watchers.append(makeWatcher(member, isFirst: client.watchers.isEmpty))
        }
        for number in client.watchers.indices where client.watchers[number].id == nil {
            try register(&client.watchers[number], stream, member)
        }
    }

    private func register(
        _ watcher: inout ClientWatcher, _ stream: WatchStream, _ member: SimulatedMember
    ) throws {
        let start = watcher.hasBegun ? watcher.judge.next : watcher.firstRevision
        guard
            let made = member.state.watchers.register(
                mutated(WatcherConfiguration(watcher.judge.interest, from: start), member),
                id: nil, on: stream)
        else { return }
        let position = record.position(after: member.applied)
        guard made.revision == position.revision else {
            throw SimulationFailure(
                "host \(member.host.number) opens a watch at revision \(made.revision), it is at "
                    + "\(position.revision)")
        }
        if watcher.hasBegun { report.count(.watchesResumed) }
        watcher.judge.open(from: start, created: made.revision)
        watcher.id = made.id
        watcher.hasBegun = true
    }

    /// What a mutant makes of a watcher.
    private func mutated(
        _ configuration: WatcherConfiguration, _ member: SimulatedMember
    ) -> WatcherConfiguration {
        var changed = configuration
        let start = configuration.startRevision
        switch mutant {
        case .watchSkipsRevision where start > 0 && start <= member.state.store.newestRevision:
            changed.startRevision += 1
        case .watchRepeatsRevision where start > 2: changed.startRevision -= 1
        case .watchIgnoresFilters: (changed.omitsPuts, changed.omitsDeletions) = (false, false)
        case .watchIgnoresRange where !changed.end.isEmpty: changed.end = [0]
        default: break
        }
        return changed
    }

    private func makeWatcher(_ member: SimulatedMember, isFirst: Bool) -> ClientWatcher {
        let newest = member.state.store.newestRevision
        let first: Int64 =
            switch clientDice.number(below: 10) {
            case 0..<4: 0
            case 4..<9: max(2, newest - Int64(clientDice.number(below: 80)))
            default: newest + 1 + Int64(clientDice.number(below: 5))
            }
        return ClientWatcher(judge: WatchJudge(makeInterest(isFirst)), firstRevision: first)
    }

    private func makeInterest(_ isFirst: Bool) -> WatchInterest {
        let all = KeyRange(key: "a", end: "z")
        let wantsPrevious = clientDice.happens(500_000)
        guard !isFirst else { return WatchInterest(all, wantsPrevious: wantsPrevious) }
        let range =
            switch clientDice.number(below: 3) {
            case 0: all
            case 1: KeyRange(key: "b", end: "e")
            default: KeyRange(key: clientDice.happens(500_000) ? "a" : "c")
            }
        let filter = clientDice.number(below: 3)
        return WatchInterest(
            range, omitsPuts: filter == 1, omitsDeletions: filter == 2,
            wantsPrevious: wantsPrevious)
    }

    private func take(
        _ response: WatchResponse, for id: Int64, _ client: WatchClient
    ) throws {
        note(response)
        for number in client.watchers.indices {
            guard let own = client.watchers[number].id, id == -1 || id == own else { continue }
            do throws(Finding) {
                try client.watchers[number].judge.take(response, log: record.log)
            } catch {
                throw SimulationFailure("watch on host \(client.place?.host ?? -1): \(error)")
            }
            guard case .compacted = response, let place = client.place else { continue }
            client.watchers[number].id = nil
            // Its id is taken until it is cancelled.
            _ = hosts[place.host].member(ofRun: place.run)?.state.watchers.cancel(
                own, on: place.stream)
        }
    }

    private func note(_ response: WatchResponse) {
        switch response {
        case .events(let events, let header, _):
            report.count(.watchEvents, by: events.count)
            report.count(.previousPairs, by: events.count { $0.previous != nil })
            trace.add(header)
        case .progress: report.count(.watchProgress)
        case .compacted: report.count(.watchesCompacted)
        }
    }

    /// Where a client's watchers stand, for a report.
    private func view(of client: WatchClient) -> String {
        guard let place = client.place, let member = hosts[place.host].member(ofRun: place.run)
        else { return "it has no stream" }
        let watchers = client.watchers.map { "\($0.id ?? -1) at \($0.judge.next)" }
        return "on host \(place.host), looks every \(client.rest / .millisecond) ms, "
            + "\(client.hasRoom ? "has" : "has no") room, watchers \(watchers), "
            + "\(member.state.watchers.counts); \(member.view)"
    }

    /// Once faults have ended every watch has seen everything.
    func requireSeen(through due: Int64) throws {
        for client in watchClients {
            for watcher in client.watchers {
                do throws(Finding) {
                    try watcher.judge.requireTold(through: due, record.log)
                } catch {
                    throw SimulationFailure("a watch waits: \(error); \(view(of: client))")
                }
            }
        }
    }
}
