import Disk
import EtcdAPI
import Testing
import WriteAheadLog

@Suite struct DamageTests {
    let tail = LogFixture.directory + "/0000000000000000-0000000000000000.wal"

    /// A log of three batches in 2,048 bytes, with the offset where the last record begins.
    private func image() throws -> (bytes: [UInt8], lastRecord: Int, used: Int) {
        let disk = try LogFixture.disk()
        let log = try LogFixture.create(disk, segmentSizeBytes: 2048)
        try log.append(
            entries: LogFixture.entries(1...3),
            hardState: RaftHardState(term: 1, vote: 7, commit: 2))
        try log.append(entries: [RaftEntry(term: 1, index: 4)], hardState: nil)
        try log.saveSnapshot(LogSnapshotRecord(index: 2, term: 1))
        let before = try used(disk)
        try log.append(entries: [LogFixture.entry(5, bytes: 600)], hardState: nil)
        try log.close()
        return (try LogFixture.bytes(of: tail, on: disk), before, try used(disk))
    }

    private func used(_ disk: MemoryDisk) throws -> Int {
        let bytes = try LogFixture.bytes(of: tail, on: disk)
        let end = (bytes.lastIndex { $0 != 0 } ?? -1) + 1
        return (end + 7) / 8 * 8
    }

    private func disk(holding bytes: [UInt8]) throws -> MemoryDisk {
        let disk = try LogFixture.disk()
        try disk.createDirectory(LogFixture.directory, permissions: 0o700)
        try LogFixture.replace(tail, with: bytes, on: disk)
        return disk
    }

    @Test func fileEndingAtAnyByteOfTheLastRecordIsRepaired() throws {
        let (bytes, lastRecord, used) = try image()
        for end in lastRecord..<used {
            let disk = try disk(holding: Array(bytes[..<end]))
            if end > lastRecord {
                #expect(
                    throws: LogError.unexpectedEnd(
                        segment: "0000000000000000-0000000000000000.wal", offsetBytes: lastRecord)
                ) { _ = try LogFixture.open(disk) }
                #expect(!disk.exists(tail + ".broken"))
            }
            let (log, contents) = try LogFixture.openRepairing(disk, segmentSizeBytes: 2048)
            #expect(contents.entries.map(\.index) == [1, 2, 3, 4], "cut at \(end)")
            try log.append(entries: [LogFixture.entry(5)], hardState: nil)
            try log.close()
            #expect(try LogFixture.open(disk).contents.entries.last == LogFixture.entry(5))
            if end > lastRecord {
                #expect(
                    try LogFixture.bytes(of: tail + ".broken", on: disk) == Array(bytes[..<end]))
            }
        }
    }

    @Test func missingSectorOfTheLastRecordIsRepaired() throws {
        let (bytes, lastRecord, used) = try image()
        for sector in stride(from: 0, to: used, by: 512) where sector + 512 > lastRecord {
            var torn = bytes
            for offset in max(sector, lastRecord)..<min(sector + 512, used) { torn[offset] = 0 }
            let disk = try disk(holding: torn)
            let (log, contents) = try LogFixture.openRepairing(disk, segmentSizeBytes: 2048)
            #expect(contents.entries.map(\.index) == [1, 2, 3, 4])
            try log.append(entries: [LogFixture.entry(5)], hardState: nil)
            try log.close()
            #expect(try LogFixture.open(disk).contents.entries.last == LogFixture.entry(5))
        }
    }

    @Test func everyFlippedBitIsDetected() throws {
        let (bytes, _, used) = try image()
        let contents = try LogFixture.open(disk(holding: bytes)).contents
        for offset in 0..<used {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[offset] ^= 1 << UInt8(bit)
                let disk = try disk(holding: damaged)
                do {
                    let read = try LogFixture.open(disk, segmentSizeBytes: 2048).contents
                    Issue.record("bit \(bit) of byte \(offset) went unnoticed: \(read == contents)")
                } catch let error as LogError {
                    if case .disk = error { Issue.record("unexpected \(error)") }
                    if case .unexpectedEnd = error {
                        Issue.record("bit \(bit) of byte \(offset) taken for an interrupted write")
                    }
                }
            }
        }
    }

    @Test func damageIsNotRepairedAway() throws {
        var (bytes, lastRecord, _) = try image()
        bytes[lastRecord - 20] ^= 0x10
        let disk = try disk(holding: bytes)
        #expect(try !WriteAheadLog.repair(disk: disk, directory: LogFixture.directory))
        #expect(try LogFixture.bytes(of: tail, on: disk) == bytes)
        #expect(!disk.exists(tail + ".broken"))
    }

    @Test func mismatchHasEtcdsText() throws {
        var (bytes, lastRecord, _) = try image()
        let data = lastRecord + 40
        bytes[data] ^= 1
        let disk = try disk(holding: bytes)
        do {
            _ = try LogFixture.open(disk)
            Issue.record("damage went unnoticed")
        } catch let error as LogError {
            guard case .checksumMismatch(let expected, let computed, let name, let at) = error
            else {
                throw error
            }
            #expect(
                "\(error)" == "walpb: crc mismatch: expected: \(String(expected, radix: 16)) "
                    + "computed: \(String(computed, radix: 16)): in file '\(name)' "
                    + "at position: \(at)")
            #expect(at == lastRecord)
        }
    }

    @Test func damageInAnEndedSegmentIsNeverAnInterruptedWrite() throws {
        let disk = try LogFixture.disk()
        let log = try LogFixture.create(disk, segmentSizeBytes: 700)
        for index in 1...20 as ClosedRange<UInt64> {
            try log.append(entries: [LogFixture.entry(index, bytes: 300)], hardState: nil)
        }
        try log.close()
        let bytes = try LogFixture.bytes(of: tail, on: disk)
        for end in 0..<bytes.count {
            try LogFixture.replace(tail, with: Array(bytes[..<end]), on: disk)
            do {
                _ = try LogFixture.open(disk)
                Issue.record("a segment cut at \(end) went unnoticed")
            } catch let error as LogError {
                if case .unexpectedEnd = error { Issue.record("at \(end): \(error)") }
            }
        }
    }
}
