import Disk
import EtcdAPI
import WriteAheadLog

extension MemberDirectory {
    /// What the log of a member that does not start holds, for a report: its snapshots, and runs of
    /// entries with one term behind the last.
    static func describeLog(on disk: MemoryDisk) -> String {
        guard let known = try? WriteAheadLog.validSnapshots(disk: disk, directory: log),
            let start = known.last,
            let (opened, contents) = try? WriteAheadLog.open(
                disk: disk, directory: log, from: start)
        else { return "its log cannot be read" }
        try? opened.close()
        var runs: [(first: UInt64, last: UInt64, term: UInt64)] = []
        for entry in contents.entries {
            if let run = runs.last, run.term == entry.term, run.last + 1 == entry.index {
                runs[runs.count - 1].last = entry.index
            } else {
                runs.append((entry.index, entry.index, entry.term))
            }
        }
        let snapshots = known.suffix(4).map { "\($0.index) of term \($0.term)" }
        return "snapshots \(snapshots), \(contents.hardState), entries "
            + runs.map { "\($0.first)...\($0.last) of term \($0.term)" }.joined(separator: ", ")
    }
}
