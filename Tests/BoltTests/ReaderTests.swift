import Bolt
import Disk
import Testing

@Suite struct ReaderTests {
    @Test func aReaderThatStaysOpenHoldsOnlyWhatItSees() throws {
        let bolt = try Bolt.open(
            disk: MemoryDisk(), path: "/db", options: BoltOptions(growthStepBytes: 0))
        try rewrite(bolt, round: 0)
        let reader = bolt.beginRead()
        var sizes: [Int] = []
        for round in 1..<30 {
            try rewrite(bolt, round: round)
            #expect(bolt.check() == [])
            sizes.append(bolt.sizeBytes)
        }
        // Were every page held that was freed since, the file would grow with each commit.
        #expect(sizes[28] == sizes[5])
        let values = try reader.bucket([1])?.entries().map(\.value.first)
        #expect(values == Array(repeating: 0, count: 100))
    }

    @Test func readersOnOtherThreadsSeeWholeCommits() async throws {
        let bolt = try Bolt.open(disk: RealDisk(), path: try temporaryPath())
        try rewrite(bolt, round: 0)
        let broken = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<3 {
                group.addTask {
                    var broken = 0
                    for _ in 0..<300 {
                        let read = bolt.beginRead()
                        let values = (try? read.bucket([1])?.entries().map(\.value.first)) ?? []
                        if values.count != 100 || Set(values).count != 1 { broken += 1 }
                        read.end()
                    }
                    return broken
                }
            }
            group.addTask {
                for round in 1..<100 {
                    do {
                        try rewrite(bolt, round: round)
                    } catch {
                        return 1
                    }
                }
                return 0
            }
            return await group.reduce(0, +)
        }
        #expect(broken == 0)
        #expect(bolt.check() == [])
    }
}

/// Gives the hundred values of bucket 1 the number of the round, all in one commit.
private func rewrite(_ bolt: Bolt, round: Int) throws {
    let write = bolt.beginWrite()
    let bucket = try write.createBucketIfMissing([1])
    for number in 0..<100 {
        try bucket.put(
            [UInt8](number: number), [UInt8](repeating: UInt8(round % 256), count: 500))
    }
    try write.commit()
}
