import Testing

@testable import PeerTransport

/// Which loop takes new connections, and what loops share.
@Suite("Uses of the peer loops")
struct PeerLoopTableTests {
    @Test func streamTakesTheHandshakeLoop() {
        var table = PeerLoopTable(loopsMax: 8)
        #expect(table.begin(.stream, on: 0) == .acceptedMovingHandshakes(to: 1))
        #expect(table.isForStreams(0))
        #expect(table.begin(.stream, on: 0) == .accepted)
        #expect(table.handshakeLoop == 1)
        #expect(table.begin(.transfer, on: 1) == .acceptedMovingHandshakes(to: 2))
        #expect(!table.isForStreams(1))
        #expect(table.begin(.transfer, on: 1) == .accepted)
    }

    @Test func streamDoesNotBeginBesideATransfer() {
        var table = PeerLoopTable(loopsMax: 8)
        _ = table.begin(.stream, on: 0)
        _ = table.begin(.transfer, on: 1)
        #expect(table.begin(.transfer, on: 0) == .accepted)
        #expect(table.begin(.stream, on: 0) == .refused)
        #expect(table.begin(.stream, on: 1) == .refused)
        table.end(.transfer, on: 1)
        #expect(table.begin(.stream, on: 1) == .accepted)
    }

    @Test func loopsAreUsedAgain() {
        var table = PeerLoopTable(loopsMax: 8)
        for _ in 0..<100 {
            let loop = table.handshakeLoop
            _ = table.begin(.stream, on: loop)
            table.end(.stream, on: loop)
        }
        #expect(table.count == 2)
    }

    /// However streams and transfers come and go, there are at most as many loops as uses were open
    /// at a time, and the handshake loop.
    @Test(arguments: 1...20) func loopsAreBoundedByTheirUses(seed: UInt64) {
        var random = SplitMix(state: seed)
        var table = PeerLoopTable(loopsMax: 1000)
        var open: [(PeerLoopTable.Use, Int)] = []
        var openMax = 0
        for _ in 0..<500 {
            let use: PeerLoopTable.Use = random.next() % 4 == 0 ? .transfer : .stream
            if random.next() % 2 == 0, !open.isEmpty {
                let (use, loop) = open.remove(at: Int(random.next() % UInt64(open.count)))
                table.end(use, on: loop)
            } else {
                let isOld = random.next() % 3 == 0
                let loop =
                    isOld ? Int(random.next() % UInt64(table.count)) : table.handshakeLoop
                if table.begin(use, on: loop) != .refused { open.append((use, loop)) }
            }
            openMax = max(openMax, open.count)
            let current = table.handshakeLoop
            #expect(!open.contains { $0.1 == current })
        }
        #expect(table.count <= openMax + 1)
    }

    @Test func handshakeLoopTakesEverythingAtTheLimit() {
        var table = PeerLoopTable(loopsMax: 1)
        #expect(table.begin(.stream, on: 0) == .accepted)
        #expect(table.begin(.transfer, on: 0) == .accepted)
        #expect(!table.isForStreams(0))
        table.end(.stream, on: 0)
        table.end(.transfer, on: 0)
    }
}

/// A seeded generator.
private struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
