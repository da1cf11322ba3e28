import Bolt
import Disk
import Testing

@Suite struct BasicTests {
    @Test func aCommittedValueIsReadAgainAfterReopening() throws {
        let disk = MemoryDisk()
        let bolt = try Bolt.open(disk: disk, path: "/db")
        let write = bolt.beginWrite()
        let bucket = try write.createBucketIfMissing([UInt8](text: "key"))
        try bucket.put([UInt8](text: "a"), [UInt8](text: "1"))
        try write.commit()
        #expect(bolt.check() == [])
        bolt.close()

        let again = try Bolt.open(disk: disk, path: "/db")
        let read = again.beginRead()
        #expect(
            try read.bucket([UInt8](text: "key"))?.get([UInt8](text: "a")) == [UInt8](text: "1"))
        #expect(try read.bucket([UInt8](text: "none")) == nil)
        read.end()
        #expect(again.check() == [])
    }

    @Test func tenThousandAscendingPutsSplitIntoPagesInOrder() throws {
        let bolt = try Bolt.open(disk: MemoryDisk(), path: "/db")
        for batch in 0..<3 {
            let write = bolt.beginWrite()
            let bucket = try write.createBucketIfMissing([UInt8](text: "key"))
            bucket.fillPercent = 0.9
            for index in 0..<10_000 {
                let number = batch * 10_000 + index
                try bucket.put([UInt8](number: number), [UInt8](repeating: 7, count: 100))
            }
            try write.commit()
            #expect(bolt.check() == [])
        }
        let read = bolt.beginRead()
        let bucket = try #require(try read.bucket([UInt8](text: "key")))
        var cursor = bucket.cursor()
        var expected = 0
        while let (key, value) = try cursor.next() {
            #expect(Array(key) == [UInt8](number: expected) && value.count == 100)
            expected += 1
        }
        #expect(expected == 30_000)
        while let (key, _) = try cursor.previous() {
            expected -= 1
            #expect(Array(key) == [UInt8](number: expected))
        }
        #expect(expected == 0)
    }
}
