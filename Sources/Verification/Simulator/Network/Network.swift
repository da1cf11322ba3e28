import MonotonicClock
import Raft

/// An encoded message in transit.
struct Packet {
    let from: Int
    let to: Int
    let bytes: [UInt8]
    /// The connection that carries it; nothing arrives on one that has broken meanwhile.
    let connection: Int
}

/// The network links between hosts: which are cut, and since when.
struct Network {
    private struct Link {
        /// The number of faults that cut it now.
        var cuts = 0
        var cutSince: VirtualTime = .zero
        /// The arrival time of its newest message: without reordering no message overtakes it.
        var lastArrival: VirtualTime = .zero
        /// Counts the connections that have broken.
        var connection = 0
    }

    private var links: [[Link]] = []

    /// How long a silent connection is considered alive.
    private static let silenceMax: TimeSpan = 5 * .second

    mutating func addHosts(_ count: Int) {
        let total = links.count + count
        for number in links.indices {
            links[number] += repeatElement(Link(), count: count)
        }
        links += repeatElement([Link](repeating: Link(), count: total), count: count)
    }

    func isCut(from: Int, to: Int) -> Bool { links[from][to].cuts > 0 }

    /// Whether the sender has noticed by now that the peer does not respond.
    func isKnownCut(from: Int, to: Int, at now: VirtualTime) -> Bool {
        [links[from][to], links[to][from]].contains { link in
            link.cuts > 0 && now - link.cutSince > Self.silenceMax
        }
    }

    func connection(from: Int, to: Int) -> Int { links[from][to].connection }

    /// Breaks a connection: its packets in transit are lost, the next one works.
    mutating func breakConnection(from: Int, to: Int) { links[from][to].connection += 1 }

    mutating func cut(from: Int, to: Int, at now: VirtualTime) {
        if links[from][to].cuts == 0 { links[from][to].cutSince = now }
        links[from][to].cuts += 1
    }

    mutating func heal(from: Int, to: Int) { links[from][to].cuts -= 1 }

    /// The arrival time of a message that takes until `time`.
    mutating func arrival(
        from: Int, to: Int, at time: VirtualTime, mayOvertake: Bool
    ) -> VirtualTime {
        guard !mayOvertake else { return time }
        let arrival = max(time, links[from][to].lastArrival + .nanoseconds(1))
        links[from][to].lastArrival = arrival
        return arrival
    }
}
