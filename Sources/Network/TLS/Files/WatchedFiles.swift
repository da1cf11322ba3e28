internal import Crypto

/// What was parsed from some files, and what shows that the files have changed.
struct WatchedFiles<Value: Sendable>: Sendable {
    typealias Contents = Result<[[UInt8]], TLSConfigurationError>
    typealias Parse = @Sendable (Contents) throws(TLSConfigurationError) -> Value

    enum Change {
        case none
        /// `files` are the ones whose contents differ.
        case changed(files: [String])
        /// The value from before stays.
        case broken(file: String, reason: String)
    }

    private let paths: [String]
    private let parse: Parse
    private(set) var value: Value
    private var stamps: [FileStamp]
    private var digests: [SHA256Digest]
    /// A file was written just before it was read, so the stamps prove nothing.
    private var isUnsettled: Bool

    /// Reads the files.
    init(_ paths: [String], parse: @escaping Parse) throws(TLSConfigurationError) {
        self.paths = paths
        self.parse = parse
        let reading = Reading(paths)
        value = try parse(reading.contents)
        stamps = reading.stamps
        digests = reading.digests
        isUnsettled = reading.isUnsettled
    }

    /// Reads the files again if they may have changed.
    mutating func refresh() -> Change {
        guard isUnsettled || paths.map({ FileStamp($0) }) != stamps else { return .none }
        let reading = Reading(paths)
        let before = digests
        stamps = reading.stamps
        digests = reading.digests
        isUnsettled = reading.isUnsettled
        let changed = paths.indices.filter { digests[$0] != before[$0] }.map { paths[$0] }
        guard let first = changed.first else { return .none }
        do throws(TLSConfigurationError) {
            value = try parse(reading.contents)
            return .changed(files: changed)
        } catch {
            return .broken(file: reading.unreadable ?? first, reason: error.description)
        }
    }

    /// One reading of all files.
    private struct Reading {
        var stamps: [FileStamp]
        var contents: Contents
        /// Of each file's content, or of the text why it cannot be read.
        var digests: [SHA256Digest] = []
        var isUnsettled: Bool
        var unreadable: String?

        init(_ paths: [String]) {
            // Before the contents: a change in between is seen at the next check.
            let stamps = paths.map { FileStamp($0) }
            let now = WallClock.now
            var read: [[UInt8]] = []
            var failure: TLSConfigurationError?
            for path in paths {
                do throws(TLSConfigurationError) {
                    let bytes = try FileContents.read(path)
                    digests.append(SHA256.hash(data: bytes))
                    read.append(bytes)
                } catch {
                    digests.append(SHA256.hash(data: Array(error.description.utf8)))
                    if failure == nil {
                        failure = error
                        unreadable = path
                    }
                }
            }
            self.stamps = stamps
            isUnsettled = stamps.contains { $0.isRecent(at: now) }
            contents = failure.map { .failure($0) } ?? .success(read)
        }
    }
}
