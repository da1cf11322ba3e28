import MonotonicClock
import Testing

@testable import HTTP2

/// The arithmetic of the limits for hostile clients.
@Suite struct LimitTests {
    private func time(_ milliseconds: Int64) -> MonotonicTime {
        MonotonicTime(milliseconds: milliseconds)
    }

    @Test func anAllowanceRefillsWithTimeUpToItsBurst() {
        var allowance = FrameAllowance(burst: 100, perSecond: 10, now: time(1_000))
        let taken = [
            allowance.take(100, now: time(1_000)), allowance.take(1, now: time(1_000)),
            allowance.take(1, now: time(1_200)), allowance.take(5, now: time(1_300)),
            // What was refused is owed.
            allowance.take(90, now: time(1 << 50)), allowance.take(100, now: time(1 << 50)),
        ]
        #expect(taken == [true, false, true, false, true, false])
    }

    @Test func anAllowanceIsEarned() {
        var allowance = FrameAllowance(burst: 10, perSecond: 1, now: time(0))
        var taken = [allowance.take(10, now: time(0))]
        allowance.earn(2)
        taken += [allowance.take(2, now: time(0)), allowance.take(1, now: time(0))]
        allowance.earn(1_000)
        taken.append(allowance.take(11, now: time(0)))
        #expect(taken == [true, true, false, false])
    }

    @Test func aSlowPeerNeverExhaustsItsAllowance() {
        var allowance = FrameAllowance(burst: 10, perSecond: 1, now: time(0))
        let taken = (1...1_000).filter { allowance.take(1, now: time(Int64($0) * 1_000)) }
        #expect(taken.count == 1_000)
    }

    /// However many connections grow as far as they may, a part of the memory stays free.
    @Test(arguments: [1, 4, 100])
    func connectionsShareTheMemoryOfTheProcess(count: Int) {
        var configuration = HTTP2Configuration()
        configuration.connectionBytesMax = 64 << 20
        configuration.connectionBytesMin = 1 << 10
        let budget = HTTP2MemoryBudget(bytesMax: 256 << 20)
        var loop = LoopMemory(budget: budget)
        var connections = [ConnectionMemory](repeating: ConnectionMemory(), count: count)
        for _ in 0..<1_000 {
            for index in connections.indices {
                connections[index].count(in: &loop, configuration)
                if connections[index].allows(1 << 20) { connections[index].outputBytes += 1 << 20 }
                connections[index].count(in: &loop, configuration)
            }
        }
        let used = connections.reduce(0) { $0 + $1.usedBytes }
        #expect(used == loop.usedBytes && used < 256 << 20)
        if count == 1 { #expect(used > 50 << 20 && used <= 64 << 20) }
        if count == 100 { #expect(used > 190 << 20) }
        for index in connections.indices {
            connections[index].clear()
            connections[index].count(in: &loop, configuration)
        }
        #expect(loop.usedBytes == 0 && budget.usedBytes < 1 << 20)
    }

    /// Several event loops publish what they use, within a step of each.
    @Test func loopsShareABudget() {
        let budget = HTTP2MemoryBudget(bytesMax: 100 << 20)
        var loops = [LoopMemory](repeating: LoopMemory(budget: budget), count: 4)
        for index in loops.indices { loops[index].add(10 << 20) }
        #expect(loops[0].freeBytes == 60 << 20)
        loops[0].add(1)
        #expect(budget.usedBytes == 40 << 20)
        #expect(loops[0].freeBytes == 60 << 20 - 1)
        for index in loops.indices { loops[index].add(20 << 20) }
        #expect(loops[1].freeBytes == 0)
    }

    @Test func controlFramesAreCountedByTheirCost() {
        var filter = HeaderBlockFilter(bytesMax: 1 << 20, framesMax: 10)
        var bytes = [UInt8](repeating: 0, count: 24)
        func frame(_ type: UInt8, _ flags: UInt8, _ payload: Int) -> [UInt8] {
            [0, 0, UInt8(payload), type, flags, 0, 0, 0, 1] + [UInt8](repeating: 0, count: payload)
        }
        bytes += frame(0, 0, 0) + frame(0, 1, 0) + frame(0, 0, 5)  // only the first is empty
        bytes += frame(1, 4, 3) + frame(3, 0, 4)  // a request and its reset
        bytes += frame(2, 0, 5) + frame(6, 0, 8) + frame(8, 0, 4) + frame(200, 0, 1)
        bytes += frame(4, 0, 6) + frame(4, 1, 0)
        bytes += frame(1, 0, 2) + frame(9, 0, 2) + frame(9, 4, 2)
        // In one read, and byte by byte.
        bytes.withUnsafeBytes { filter.filter($0) { _ in } }
        var counts = [filter.takeControlFrames(), filter.takeControlFrames()]
        for byte in bytes.dropFirst(24) {
            withUnsafeBytes(of: byte) { filter.filter($0) { _ in } }
        }
        counts.append(filter.takeControlFrames())
        #expect(counts == [1 + 4 + 101 + 2, 0, 1 + 4 + 101 + 2])
    }
}
