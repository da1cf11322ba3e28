internal import Bolt
internal import Disk

/// Opens, checks, walks, copies and changes a Bolt file with any content.
///
/// The first byte chooses the mode. Even: the rest is the file, whose meta pages get valid
/// checksums so that the fuzzer gets past them. Odd: the rest are patches of four bytes (page,
/// offset in two bytes, value) to a valid file with all kinds of pages.
package func fuzzBolt(_ input: UnsafeRawBufferPointer) {
    guard let mode = input.first else { return }
    let rest = UnsafeRawBufferPointer(rebasing: input.dropFirst())
    var image = mode % 2 == 0 ? FuzzedFile.padded(rest) : FuzzedFile.patched(rest)
    if mode & 2 == 0 { FuzzedFile.repairMetaPages(&image) }
    let disk = MemoryDisk()
    do {
        let file = try disk.open("/db", .create(permissions: 0o600))
        try image.withUnsafeBytes { bytes in try file.write(bytes, at: 0) }
        file.close()
        let options = BoltConfiguration(
            initialMapBytes: 1 << 24, pageSizeBytes: 1024, freelistOnDisk: mode & 4 != 0,
            bucketsAreFlat: mode & 8 != 0, growthStepBytes: 0)
        let bolt = try Bolt.open(disk: disk, path: "/db", configuration: options)
        defer { bolt.close() }
        FuzzedFile.use(bolt)
    } catch {
        // A broken file may be refused; only a trap or a hang is a finding.
        return
    }
}

private enum FuzzedFile {
    static let pageBytes = 1024
    static let bytesMax = 64 * pageBytes

    /// The input as a file of whole pages.
    static func padded(_ input: UnsafeRawBufferPointer) -> [UInt8] {
        var image = Array(input.prefix(bytesMax))
        let missing = (pageBytes - image.count % pageBytes) % pageBytes
        image.append(contentsOf: repeatElement(0, count: max(missing, 4 * pageBytes - image.count)))
        return image
    }

    /// A valid file with some bytes changed.
    static func patched(_ input: UnsafeRawBufferPointer) -> [UInt8] {
        var image = valid
        let pages = image.count / pageBytes
        for start in stride(from: 0, to: input.count - 3, by: 4) {
            let page = Int(input[start]) % pages
            let offset = (Int(input[start + 1]) << 8 | Int(input[start + 2])) % pageBytes
            image[page * pageBytes + offset] = input[start + 3]
        }
        return image
    }

    /// A file with branches, overflow pages, inline and nested buckets and free pages.
    static let valid: [UInt8] = {
        let disk = MemoryDisk()
        let options = BoltConfiguration(
            initialMapBytes: 1 << 24, pageSizeBytes: pageBytes, growthStepBytes: 0)
        do {
            let bolt = try Bolt.open(disk: disk, path: "/valid", configuration: options)
            for pass in 0..<2 {
                let write = bolt.beginWrite()
                let key = try write.createBucketIfMissing([0x6B])
                for number in 0..<240 where number % 3 != pass {
                    let value = [UInt8](repeating: 7, count: number == 50 ? 2500 : 40)
                    try key.put([1, UInt8(number)], value)
                }
                for number in 100..<160 where pass == 1 { try key.delete([1, UInt8(number)]) }
                try write.createBucketIfMissing([0x69]).put([1], [2])
                let outer = try write.createBucketIfMissing([0x6F])
                try outer.createBucketIfMissing([0x6E]).put([3], [UInt8](repeating: 4, count: 600))
                try write.commit()
            }
            let read = bolt.beginRead()
            var image = [UInt8](repeating: 0, count: read.sizeBytes)
            _ = image.withUnsafeMutableBytes { read.readPages(at: 0, into: $0) }
            return image
        } catch {
            preconditionFailure("a valid file can be made in memory: \(error)")
        }
    }()

    /// Gives both meta pages a valid magic and checksum, whatever else they hold.
    static func repairMetaPages(_ image: inout [UInt8]) {
        for slot in 0..<2 where image.count >= (slot + 1) * pageBytes {
            let start = slot * pageBytes + 16
            let head: [UInt8] = [0xED, 0xDA, 0x0C, 0xED, 2, 0, 0, 0, 0, 4, 0, 0]
            image.replaceSubrange(start..<(start + 12), with: head)
            var hash: UInt64 = 0xCBF2_9CE4_8422_2325
            for byte in image[start..<(start + 56)] {
                hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
            }
            for index in 0..<8 {
                image[start + 56 + index] = UInt8(truncatingIfNeeded: hash >> (8 * UInt64(index)))
            }
        }
    }

    /// Exercises all reads, then a commit, then the reads again.
    static func use(_ bolt: Bolt) {
        _ = bolt.check()
        walk(bolt)
        change(bolt)
        _ = bolt.check()
        walk(bolt)
        try? bolt.copyCompacted(to: "/copy")
        _ = try? bolt.releaseFreePages(keepingBytes: 1 << 16, pagesMax: 10)
        _ = try? bolt.moveEnd(pagesMax: 4)
        defragment(bolt)
        walk(bolt)
    }

    /// Defragments the file in small steps, with a write after the first.
    static func defragment(_ bolt: Bolt) {
        var limits = BoltDefragmentation.Limits()
        limits.entriesPerStep = 300
        limits.finalPassLeavesMax = 1
        limits.passesMax = 2
        do {
            let running = try BoltDefragmentation(
                of: bolt, temporaryPath: "/db.tmp", limits: limits)
            guard try !running.step() else { return }
            change(bolt)
            while try !running.step() {}
        } catch {
            // The file is unchanged.
            return
        }
    }

    static func walk(_ bolt: Bolt) {
        let read = bolt.beginRead()
        var buckets = [read.root]
        // A damaged page ends a walk with an error, as it should.
        try? read.forEachBucket { _, bucket in buckets.append(bucket) }
        for bucket in buckets {
            try? walkUp(bucket)
            try? walkDown(bucket)
            var cursor = bucket.cursor()
            _ = try? cursor.seek([1, 60])
            _ = try? bucket.get([1, 130])
            find(in: bucket)
        }
        var image = [UInt8](repeating: 0, count: 5000)
        _ = image.withUnsafeMutableBytes { read.readPages(at: 1000, into: $0) }
        read.end()
    }

    static func walkUp(_ bucket: BoltBucket) throws(PageFault) {
        var sum = 0
        var cursor = bucket.cursor()
        while let (key, value) = try cursor.next() {
            sum += key.reduce(0) { $0 + Int($1) } + value.reduce(0) { $0 + Int($1) }
            _ = try? cursor.nestedBucket()
        }
        _ = sum
    }

    static func walkDown(_ bucket: BoltBucket) throws(PageFault) {
        var sum = 0
        var cursor = bucket.cursor()
        while let (key, _) = try cursor.previous() { sum += key.count }
        _ = sum
    }

    /// Finds present and missing keys, one by one and in batches, ascending and descending.
    static func find(in bucket: BoltBucket) {
        var keys: [[UInt8]] = [[], [0], [1, 60], [UInt8](repeating: 255, count: 17)]
        var cursor = bucket.cursor()
        while keys.count < 100, let entry = try? cursor.next() { keys.append(Array(entry.key)) }
        var finder = bucket.finder
        for keys in [keys, keys.reversed()] {
            var lookups: [(key: [UInt8], lookup: BoltLookup?)] = []
            for key in keys {
                key.withUnsafeBytes { bytes in
                    _ = try? finder.get(bytes)
                    lookups.append((key, finder.begin(bytes)))
                }
            }
            for index in lookups.indices {
                guard var lookup = lookups[index].lookup else { continue }
                lookups[index].key.withUnsafeBytes { finder.advance(&lookup, $0) }
                lookups[index].lookup = lookup
            }
            for (key, lookup) in lookups {
                guard let lookup else { continue }
                key.withUnsafeBytes { key in
                    let value = finder.finish(lookup, key)
                    precondition((value?.count ?? 0) < 1 << 30, "a value lies in its page")
                }
            }
        }
    }

    static func change(_ bolt: Bolt) {
        let write = bolt.beginWrite()
        do {
            let key = try write.createBucketIfMissing([0x6B])
            var cursor = key.cursor()
            while let (name, _) = try cursor.next() {
                if (name.last ?? 0) % 2 == 0 && !cursor.isAtBucket { try key.delete(name) }
            }
            while try cursor.previous() != nil {}
            for number in 0..<60 {
                try key.put([1, UInt8(number * 4)], [UInt8](repeating: 9, count: number * 10))
            }
            _ = try key.get([1, 3])
            try write.createBucketIfMissing([0x69]).put([5], [6])
            try write.deleteBucket([0x6F])
            try write.commit()
        } catch {
            // A broken page ends the transaction with an error, as it should.
            if write.isOpen { write.rollback() }
        }
    }
}
