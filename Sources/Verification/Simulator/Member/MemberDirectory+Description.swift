import Disk
import EtcdAPI
import Identifiers
import WriteAheadLog

extension MemberDirectory {
    /// The log of a member that does not start, for a report: its snapshots, and runs of entries
    /// with one term after the last snapshot.
    static func describeLog(on disk: MemoryDisk) -> String {
        guard let known = try? WriteAheadLog.validSnapshots(disk: disk, directory: log),
            let start = known.last,
            let (opened, contents) = try? WriteAheadLog.open(
                disk: disk, directory: log, from: start)
        else { return "its log cannot be read" }
        try? opened.close()
        var runs: [(first: LogIndex, last: LogIndex, term: Term)] = []
        for entry in contents.entries {
            let (index, term) = (LogIndex(entry.index), Term(entry.term))
            if let run = runs.last, run.term == term, run.last.next == index {
                runs[runs.count - 1].last = index
            } else {
                runs.append((index, index, term))
            }
        }
        let snapshots = known.suffix(4).map { "\($0.index) of term \($0.term)" }
        return "snapshots \(snapshots), \(contents.hardState), entries "
            + runs.map { "\($0.first)...\($0.last) of term \($0.term)" }.joined(separator: ", ")
    }
}
