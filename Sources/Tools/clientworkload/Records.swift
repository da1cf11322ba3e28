internal import EtcdClient
internal import Glibc
internal import Synchronization

/// Writes lines to standard output. Keys and values are letters, digits and slashes, which JSON
/// does not escape.
final class Records: Sendable {
    private let output = Mutex<Void>(())

    func write(_ line: String) {
        var rest = Array((line + "\n").utf8)[...]
        output.withLock { _ in
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { Glibc.write(1, $0.baseAddress, $0.count) }
                // Nobody reads any more: the test has ended.
                guard count > 0 else { exit(1) }
                rest = rest.dropFirst(count)
            }
        }
    }

    /// A call in the format of `HistoryLine`, without the response if it is not known.
    func writeCall(_ client: Int, _ called: Int64, _ operation: String, _ response: String?) {
        let returned = response.map { ", \"returned\": \(Self.now()), \($0)" } ?? ""
        write(
            "{\"client\": \(client), \"called\": \(called), \"operation\": \(operation)\(returned)}"
        )
    }

    /// Something that must not happen.
    func writeFailure(_ text: String) {
        write("{\"failure\": \"\(text.filter { $0 != "\"" && $0 != "\\" && $0 != "\n" })\"}")
    }

    /// Nanoseconds of the monotonic clock, which other processes of the machine read too.
    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

extension KeyValuePair {
    /// The pair as in a history line.
    var form: String {
        "{\"key\": \"\(keyText)\", \"value\": \"\(text)\", \"created\": \(createRevision.rawValue), "
            + "\"modified\": \(modRevision.rawValue), \"version\": \(version)}"
    }
}

extension [KeyValuePair] {
    var form: String { "{\"range\": [\(map(\.form).joined(separator: ", "))]}" }
}

extension ResponseHeader {
    /// The fields of a response with this header.
    func fields(_ result: String) -> String {
        "\"revision\": \(revision.rawValue), \"result\": \(result)"
    }
}
