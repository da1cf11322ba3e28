import Bolt
import Disk
import Testing

/// The expected content of a file: values by bucket and key.
struct Model: Equatable {
    var buckets: [[UInt8]: [[UInt8]: [UInt8]]] = [:]

    /// Whether a read transaction sees exactly this, by cursor in both directions and by lookup.
    func matches(_ read: BoltReadTransaction) throws(PageFault) -> Bool {
        var names: [[UInt8]] = []
        var equal = true
        try read.forEachBucket { name, bucket throws(PageFault) in
            names.append(name)
            let expected = (buckets[name] ?? [:]).sorted {
                $0.key.lexicographicallyPrecedes($1.key)
            }
            let found = try bucket.entries()
            equal =
                equal && found.map(\.key) == expected.map(\.key)
                && found.map(\.value) == expected.map(\.value)
            var cursor = bucket.cursor()
            var backwards: [[UInt8]] = []
            while let (key, _) = try cursor.previous() { backwards.append(Array(key)) }
            equal = equal && backwards == expected.map(\.key).reversed()
            for (key, value) in expected.prefix(20) where try bucket.get(key) != value {
                equal = false
            }
        }
        let sorted = buckets.keys.sorted { $0.lexicographicallyPrecedes($1) }
        return equal && names == sorted
    }
}

/// Random changes, applied to a write transaction and to a model.
struct RandomChanges {
    var generator: SeededGenerator
    let keyCount: Int

    mutating func bucketName() -> [UInt8] {
        [UInt8](text: "bucket\(Int.random(in: 0..<4, using: &generator))")
    }

    mutating func key() -> [UInt8] {
        let number = Int.random(in: 0..<keyCount, using: &generator)
        // Some keys are long, and the length follows from the number.
        let padding = number % 50 == 0 ? 700 : number % 7
        return [UInt8](text: "\(number)") + [UInt8](repeating: 0x78, count: padding)
    }

    mutating func value() -> [UInt8] {
        let largest = Int.random(in: 0..<40, using: &generator) == 0 ? 30_000 : 90
        return generator.bytes(Int.random(in: 0...largest, using: &generator))
    }

    mutating func apply(_ count: Int, to write: BoltWriteTransaction, _ model: inout Model) throws {
        let deletes = Int.random(in: 5...90, using: &generator)
        for _ in 0..<count {
            let name = bucketName()
            let bucket = try write.createBucketIfMissing(name)
            if Int.random(in: 0..<4, using: &generator) == 0 { bucket.fillPercent = 0.9 }
            let key = key()
            if Int.random(in: 0..<100, using: &generator) < deletes {
                let existed = model.buckets[name, default: [:]].removeValue(forKey: key) != nil
                #expect(try bucket.delete(key) == existed)
            } else {
                let value = value()
                model.buckets[name, default: [:]][key] = value
                try bucket.put(key, value)
                #expect(try bucket.get(key) == value)
            }
        }
        if Int.random(in: 0..<15, using: &generator) == 0 {
            let name = bucketName()
            let existed = model.buckets.removeValue(forKey: name) != nil
            #expect(try write.deleteBucket(name) == existed)
        }
    }
}

@Suite struct ModelTests {
    @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func randomChangesLeaveWhatADictionaryHolds(seed: UInt64) throws {
        let disk = MemoryDisk()
        var configuration = BoltConfiguration(pageSizeBytes: seed % 2 == 0 ? 1024 : 4096)
        configuration.freelistOnDisk = seed % 3 == 0
        configuration.growthStepBytes = 0
        var bolt = try Bolt.open(disk: disk, path: "/db", configuration: configuration)
        var changes = RandomChanges(generator: SeededGenerator(seed: seed), keyCount: 800)
        var model = Model()
        for iteration in 0..<40 {
            let write = bolt.beginWrite()
            var next = model
            try changes.apply(
                Int.random(in: 0..<200, using: &changes.generator), to: write, &next)
            if Int.random(in: 0..<6, using: &changes.generator) == 0 {
                write.rollback()
            } else {
                try write.commit()
                model = next
            }
            #expect(bolt.check() == [], "seed \(seed) iteration \(iteration)")
            let read = bolt.beginRead()
            try #require(try model.matches(read), "seed \(seed) iteration \(iteration)")
            read.end()
            if Int.random(in: 0..<5, using: &changes.generator) == 0 {
                bolt.close()
                bolt = try Bolt.open(disk: disk, path: "/db", configuration: configuration)
                #expect(bolt.check() == [], "seed \(seed) iteration \(iteration) reopened")
            }
            _ = try bolt.releaseFreePages(keepingBytes: 20_000, pagesMax: 5)
            if iteration % 3 == 0 { _ = try bolt.moveEnd(pagesMax: 3) }
        }
    }

    @Test(arguments: [11, 12] as [UInt64])
    func aReaderKeepsItsStateWhileTheWriterContinues(seed: UInt64) throws {
        let bolt = try Bolt.open(
            disk: MemoryDisk(), path: "/db",
            configuration: BoltConfiguration(initialMapBytes: 1 << 16, growthStepBytes: 0))
        var changes = RandomChanges(generator: SeededGenerator(seed: seed), keyCount: 300)
        var model = Model()
        var readers: [(BoltReadTransaction, Model)] = []
        for iteration in 0..<60 {
            let write = bolt.beginWrite()
            try changes.apply(60, to: write, &model)
            try write.commit()
            readers.append((bolt.beginRead(), model))
            if readers.count > 5 {
                let index = Int.random(in: 0..<readers.count, using: &changes.generator)
                let (read, expected) = readers.remove(at: index)
                #expect(try expected.matches(read), "seed \(seed) iteration \(iteration)")
                read.end()
            }
            _ = try bolt.releaseFreePages(keepingBytes: 20_000, pagesMax: 10)
            if iteration % 3 == 0 { _ = try bolt.moveEnd(pagesMax: 3) }
        }
        for (read, expected) in readers { #expect(try expected.matches(read), "seed \(seed)") }
        #expect(bolt.openReaderCount == readers.count)
        for (read, _) in readers { read.end() }
        #expect(bolt.openReaderCount == 0)
        #expect(bolt.check() == [])
    }

    @Test(arguments: [21, 22] as [UInt64])
    func theWriteCursorSeesOwnChangesInOrder(seed: UInt64) throws {
        let bolt = try Bolt.open(
            disk: MemoryDisk(), path: "/db", configuration: BoltConfiguration(pageSizeBytes: 1024))
        var changes = RandomChanges(generator: SeededGenerator(seed: seed), keyCount: 400)
        var model = Model()
        for _ in 0..<15 {
            let write = bolt.beginWrite()
            try changes.apply(150, to: write, &model)
            for (name, entries) in model.buckets {
                let bucket = try #require(try write.bucket(name))
                let keys = entries.keys.sorted { $0.lexicographicallyPrecedes($1) }
                var cursor = bucket.cursor()
                var found: [[UInt8]] = []
                while let (key, _) = try cursor.next() { found.append(Array(key)) }
                #expect(found == keys, "seed \(seed)")
                var backwards: [[UInt8]] = []
                while let (key, _) = try cursor.previous() { backwards.append(Array(key)) }
                #expect(backwards == keys.reversed(), "seed \(seed)")
            }
            try write.commit()
        }
    }

    @Test func deletingWhileACursorWalksRemovesEachEntryOnce() throws {
        let bolt = try Bolt.open(disk: MemoryDisk(), path: "/db")
        let fill = bolt.beginWrite()
        let filled = try fill.createBucketIfMissing([1])
        for number in 0..<5000 { try filled.put([UInt8](number: number), [1, 2, 3]) }
        try fill.commit()

        let write = bolt.beginWrite()
        let bucket = try #require(try write.bucket([1]))
        var cursor = bucket.cursor()
        var visited = 0
        while let (key, _) = try cursor.next() {
            #expect(Array(key) == [UInt8](number: visited))
            if visited % 10 != 0 { #expect(try bucket.delete(key)) }
            visited += 1
        }
        #expect(visited == 5000)
        try write.commit()
        #expect(bolt.check() == [])
        let read = bolt.beginRead()
        #expect(try read.bucket([1])?.entries().count == 500)
    }
}
