import Raft

/// A message on its way, as bytes.
struct Packet {
    let from: Int
    let to: Int
    let bytes: [UInt8]
    /// The connection that it came by; nothing arrives by one that has broken meanwhile.
    let connection: Int
}

/// Which links are cut, and since when.
struct Network {
    private struct Link {
        /// How many faults cut it now.
        var cuts = 0
        var cutSince: Nanoseconds = 0
        /// When its newest message arrives: without reordering none overtakes it.
        var lastArrival: Nanoseconds = 0
        /// Counts the connections that have broken.
        var connection = 0
    }

    private var links: [[Link]] = []

    /// How long silence is taken for a live connection.
    private static let silenceMax: Nanoseconds = 5 * .second

    mutating func addHosts(_ count: Int) {
        let total = links.count + count
        for number in links.indices {
            links[number] += repeatElement(Link(), count: count)
        }
        links += repeatElement([Link](repeating: Link(), count: total), count: count)
    }

    func isCut(from: Int, to: Int) -> Bool { links[from][to].cuts > 0 }

    /// Whether the sender has noticed by now that nobody answers.
    func isKnownCut(from: Int, to: Int, at now: Nanoseconds) -> Bool {
        [links[from][to], links[to][from]].contains { link in
            link.cuts > 0 && now - link.cutSince > Self.silenceMax
        }
    }

    func connection(from: Int, to: Int) -> Int { links[from][to].connection }

    /// A connection breaks: what is on its way by it is lost, the next one works again.
    mutating func breakConnection(from: Int, to: Int) { links[from][to].connection += 1 }

    mutating func cut(from: Int, to: Int, at now: Nanoseconds) {
        if links[from][to].cuts == 0 { links[from][to].cutSince = now }
        links[from][to].cuts += 1
    }

    mutating func heal(from: Int, to: Int) { links[from][to].cuts -= 1 }

    /// When a message arrives that would take so long.
    mutating func arrival(
        from: Int, to: Int, at time: Nanoseconds, mayOvertake: Bool
    ) -> Nanoseconds {
        guard !mayOvertake else { return time }
        let arrival = max(time, links[from][to].lastArrival + 1)
        links[from][to].lastArrival = arrival
        return arrival
    }
}
