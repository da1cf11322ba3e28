import MVCC

/// Clients watch, lose their streams, and go on elsewhere from where they were.
///
/// Judged: revisions come in order, none twice and none left out, those of a transaction together;
/// only what is compacted can be missed; once faults have ended everything comes.
extension Simulation {
    /// A client looks at its stream, or opens one.
    func look(_ number: Int) throws {
        let client = watchClients[number]
        schedule(.look(number), after: clientDice.duration(.millisecond...client.rest))
        guard let place = client.place, hosts[place.host].member(ofRun: place.run) != nil else {
            return open(number, client)
        }
        guard hosts[place.host].pausedUntil <= now else { return }
        for delivery in client.read() { try take(delivery, number, client) }
        // Now and then its connection breaks.
        if isStormy, clientDice.happens(10_000) { open(number, client) }
    }

    private func open(_ number: Int, _ client: WatchClient) {
        close(client)
        let host = hosts[clientDice.number(below: hosts.count)]
        guard let member = host.member, host.pausedUntil <= now, !member.isInstalling else {
            return
        }
        _ = client.read()
        let newest = member.state.store.newestRevision
        var start = client.next
        // The first look is now or some way back; a later one goes on.
        if start == 0, clientDice.happens(500_000) { start = max(2, newest - 50) }
        let isSkipping = mutant == .watchSkipsRevision && start > 0 && start <= newest
        let configuration = WatcherConfiguration(
            key: Array("a".utf8), end: Array("z".utf8),
            startRevision: isSkipping ? start + 1 : start,
            wantsPrevious: clientDice.happens(500_000))
        let stream = member.state.watchers.openStream(client)
        guard let made = member.state.watchers.register(configuration, id: nil, on: stream) else {
            return
        }
        client.next = start == 0 ? made.revision + 1 : start
        client.place = (host.number, member.run, made.id)
        watchStreams[number] = stream
    }

    private func close(_ client: WatchClient) {
        guard let place = client.place else { return }
        client.place = nil
        guard let number = watchClients.firstIndex(where: { $0 === client }),
            let stream = watchStreams.removeValue(forKey: number)
        else { return }
        hosts[place.host].member(ofRun: place.run)?.state.watchers.close(stream)
    }

    private func take(
        _ delivery: WatchDelivery, _ number: Int, _ client: WatchClient
    ) throws {
        switch delivery.content {
        case .progress: break
        case .compacted(let revision):
            report.count(.watchesCompacted)
            guard client.next <= revision else {
                throw SimulationFailure(
                    "watch \(number) needs revision \(client.next), and is ended as \(revision) "
                        + "is compacted")
            }
            client.next = revision + 1
            open(number, client)
        case .changes(let changes):
            report.count(.watchEvents, by: changes.count)
            var newest = client.next - 1
            for change in changes {
                let revision = change.revision.main
                let isSame = revision == newest && newest >= client.next
                guard isSame || revision == newest + 1 else {
                    throw SimulationFailure(
                        "watch \(number): revision \(newest + 1) should come, \(revision) does")
                }
                newest = revision
            }
            client.next = newest + 1
            trace.add(newest)
        }
    }

    /// Once faults have ended every watch has seen everything.
    func requireSeen() throws {
        for (number, client) in watchClients.enumerated() {
            guard client.next <= states.newestRevision else { continue }
            throw SimulationFailure(
                "watch \(number) waits for revision \(client.next) of \(states.newestRevision)")
        }
    }
}
