import Bolt
import Disk
import TestSupport
import Testing

@Suite struct ReaderTests {
    @Test func aLongReaderPinsOnlyThePagesItSees() throws {
        let bolt = try Bolt.open(
            disk: MemoryDisk(), path: "/db", configuration: BoltConfiguration(growthStepBytes: 0))
        try rewrite(bolt, iteration: 0)
        let reader = bolt.beginRead()
        var sizes: [Int] = []
        for iteration in 1..<30 {
            try rewrite(bolt, iteration: iteration)
            #expect(bolt.check() == [])
            sizes.append(bolt.sizeBytes)
        }
        // If every page freed since were pinned, the file would grow with each commit.
        #expect(sizes[28] == sizes[5])
        let values = try reader.bucket([1])?.entries().map(\.value.first)
        #expect(values == Array(repeating: 0, count: 100))
    }

    @Test func readersOnOtherThreadsSeeWholeCommits() async throws {
        let directory = try TemporaryDirectory()
        defer { withExtendedLifetime(directory) {} }
        let bolt = try Bolt.open(disk: RealDisk(), path: directory.path + "/db")
        try rewrite(bolt, iteration: 0)
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
                for iteration in 1..<100 {
                    do {
                        try rewrite(bolt, iteration: iteration)
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

/// Sets the hundred values of bucket 1 to the number of the iteration, all in one commit.
private func rewrite(_ bolt: Bolt, iteration: Int) throws {
    let write = bolt.beginWrite()
    let bucket = try write.createBucketIfMissing([1])
    for number in 0..<100 {
        try bucket.put(
            [UInt8](number: number), [UInt8](repeating: UInt8(iteration % 256), count: 500))
    }
    try write.commit()
}
