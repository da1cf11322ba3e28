import EtcdAPI
import Identifiers
import MonotonicClock
import PeerTransport
import Raft

/// Messages between members: encoded when they are sent, decoded when they arrive.
extension Simulation {
    func send(_ message: Raft.Message, from host: Host) {
        guard let number = hostNumbers[message.to] else { return }
        let bytes = RaftMessage(message).encoded()
        trace.add(bytes)
        let target = hosts[number]
        let isLost =
            target.state != .up || network.isCut(from: host.number, to: number)
            || faultRandom.happens(isFaultPhase ? plan.network.loss : 0)
        guard !isLost else {
            report.count(.lostMessages)
            return reportUnreachable(message.to, by: host)
        }
        let packet = Packet(
            from: host.number, to: number, bytes: bytes,
            connection: network.connection(from: host.number, to: number))
        launch(packet)
        // A proposal that came twice would be applied twice: no connection repeats one.
        if isFaultPhase, message.type != .propose, faultRandom.happens(plan.network.duplication) {
            report.count(.duplicates)
            launch(packet)
        }
    }

    private func launch(_ packet: Packet) {
        var delay = timing.duration(plan.network.delay)
        let mayOvertake = isFaultPhase && faultRandom.happens(plan.network.reordering)
        if mayOvertake { delay = delay + timing.duration(.zero...300 * .millisecond) }
        let arrival = network.arrival(
            from: packet.from, to: packet.to, at: now + delay, mayOvertake: mayOvertake)
        schedule(.arrive(packet), after: arrival - now)
    }

    /// A broken connection is noticed, a silent one mostly is not.
    func reportUnreachable(_ target: MemberID, by host: Host) {
        guard timing.happens(300_000) else { return }
        schedule(
            .unreachable(host: host.number, run: host.runs, target: target),
            after: timing.duration(.millisecond...100 * .millisecond))
    }

    func arrive(_ packet: Packet) throws {
        let host = hosts[packet.to]
        guard let member = host.member, !network.isCut(from: packet.from, to: packet.to) else {
            return
        }
        if host.pausedUntil > now {
            return schedule(.arrive(packet), after: host.pausedUntil - now)
        }
        guard packet.connection == network.connection(from: packet.from, to: packet.to) else {
            return try arriveTruncated(packet)
        }
        guard let record = try? RaftMessage(decoding: packet.bytes),
            var message = Raft.Message(record), message.to == member.id
        else { return }
        let removed = member.state.membership.removed
        guard !removed.contains(hosts[packet.from].id) else {
            // A member whose connection is refused for this learns that it was removed.
            return schedule(.retire(host: packet.from), after: .millisecond)
        }
        // A forwarded message does not show which member forwarded it.
        guard !removed.contains(message.from) else {
            return
        }
        if mutant == .votesForShorterLogs, message.type == .vote || message.type == .preVote {
            message.logTerm = message.term
        }
        member.heardAt[packet.from] = now
        member.receive(message)
    }

    /// Of a message on a broken connection only the first bytes arrive: they are no message.
    private func arriveTruncated(_ packet: Packet) throws {
        report.count(.messagesTruncated)
        var frame = withUnsafeBytes(of: UInt64(packet.bytes.count).bigEndian) { [UInt8]($0) }
        frame += packet.bytes
        var decoder = MessageStreamDecoder()
        frame[..<timing.number(below: frame.count)].withUnsafeBytes { decoder.receive($0) }
        guard try decoder.next() == nil else {
            throw SimulationFailure("a part of a message is taken for a message")
        }
    }
}
