import Glibc
import Identifiers
import Linearizability

// Checks a history that clients recorded: `linearizable FILE`. Exit status 0 for a linearizable
// history, 1 for a violation, 2 if it is undecided, 3 if the file cannot be read.

guard CommandLine.arguments.count == 2 else {
    print("usage: linearizable FILE")
    exit(3)
}
do {
    let history = try HistoryFile.read(CommandLine.arguments[1])
    let verdict = history.checkByRevision()
    print("\(history.calls.count) calls: \(history.describe(verdict))")
    switch verdict {
    case .linearizable: exit(0)
    case .violation: exit(1)
    case .undecided: exit(2)
    }
} catch {
    print("linearizable: \(error)")
    exit(3)
}
