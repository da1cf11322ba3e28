import GRPC
import MonotonicClock
import NIOHTTP1

/// What the headers of a gateway request say about its call.
struct GatewayMetadata {
    /// The metadata, names in lower case.
    private(set) var fields: [(name: String, value: String)] = []
    private(set) var timeout: TimeSpan?

    private static let prefix = "grpc-metadata-"

    /// The metadata is `Authorization` and the headers that start with `Grpc-Metadata-`; the
    /// deadline is `Grpc-Timeout`.
    init(_ headers: HTTPHeaders) throws(GRPCStatus) {
        if let text = headers.first(name: "Grpc-Timeout"), !text.isEmpty {
            timeout = try Self.timeout(text)
        }
        if let value = headers.first(name: "Authorization") {
            fields.append(("authorization", value))
        }
        for header in headers {
            let name = header.name.lowercased()
            guard name.hasPrefix(Self.prefix) else { continue }
            try Self.checkBinary(name, header.value)
            fields.append((String(name.dropFirst(Self.prefix.count)), header.value))
        }
    }

    /// - Returns: nil for zero, which means none.
    private static func timeout(_ text: String) throws(GRPCStatus) -> TimeSpan? {
        let failure = GRPCStatus(.invalidArgument, "invalid grpc-timeout: \(text)")
        guard let value = Int64(text.dropLast()), let unit = text.last else { throw failure }
        let nanoseconds: Int64
        switch unit {
        case "H": nanoseconds = 3_600_000_000_000
        case "M": nanoseconds = 60_000_000_000
        case "S": nanoseconds = 1_000_000_000
        case "m": nanoseconds = 1_000_000
        case "u": nanoseconds = 1000
        case "n": nanoseconds = 1
        default: throw failure
        }
        guard value != 0 else { return nil }
        let (product, isTooLarge) = value.multipliedReportingOverflow(by: nanoseconds)
        let limit = timeoutMax.nanoseconds
        return .nanoseconds(isTooLarge ? (value > 0 ? limit : -1) : min(product, limit))
    }

    /// A longer timeout is taken for this one.
    private static let timeoutMax = TimeSpan.seconds(100 * 365 * 24 * 3600)

    private static func checkBinary(_ name: String, _ value: String) throws(GRPCStatus) {
        guard name.hasSuffix("-bin") else { return }
        var value = value
        let offset = value.withUTF8 {
            GRPCBinaryMetadata.firstInvalidOffset(in: UnsafeRawBufferPointer($0))
        }
        guard let offset else { return }
        throw GRPCStatus(
            .invalidArgument,
            "invalid binary header \(canonical(name)): illegal base64 data at input byte \(offset)")
    }

    /// A header name as Go writes it: a capital letter at the start of each part.
    private static func canonical(_ name: String) -> String {
        name.split(separator: "-", omittingEmptySubsequences: false)
            .map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined(separator: "-")
    }
}
