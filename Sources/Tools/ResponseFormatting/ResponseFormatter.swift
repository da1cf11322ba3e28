import EtcdAPI
import SwiftProtobuf

/// Formats responses as etcdctl prints them: the text of the standard output.
package struct ResponseFormatter: Sendable {
    package var format: OutputFormat
    /// Whether keys and values are printed in hexadecimal, and IDs in some formats.
    package var isHex: Bool
    /// Whether pairs are printed without their keys.
    package var printsValueOnly = false

    package init(_ format: OutputFormat, isHex: Bool = false) {
        self.format = format
        self.isHex = isHex
    }

    /// A response in the format; `fields` nil: not supported.
    func output(
        simple: @autoclosure () -> Output, fields: @autoclosure () -> Output?,
        json: @autoclosure () -> GoObject, message: (some Message)?,
        table: @autoclosure () -> Output? = nil
    ) throws(UnsupportedFormat) -> Output {
        switch format {
        case .simple: return simple()
        case .json:
            var output = Output()
            output.line(GoJSON.object(json()).text)
            return output
        case .fields: if let fields = fields() { return fields }
        case .table: if let table = table() { return table }
        case .protobuf:
            if let message, let bytes: [UInt8] = try? message.serializedBytes() {
                return Output(bytes)
            }
        }
        throw UnsupportedFormat(format: format)
    }

    /// The lines of a header in the format `fields`.
    func header(_ header: Etcdserverpb_ResponseHeader) -> Output {
        var output = Output()
        output.field("ClusterID", id(header.clusterID))
        output.field("MemberID", id(header.memberID))
        if header.revision > 0 { output.field("Revision", "\(header.revision)") }
        output.field("RaftTerm", "\(header.raftTerm)")
        return output
    }

    /// An ID in the format `fields`.
    func id(_ id: UInt64) -> String {
        isHex ? String(id, radix: 16) : "\(id)"
    }
}

/// What is printed: bytes, since keys and values need not be text.
package struct Output: Sendable {
    package private(set) var bytes: [UInt8]

    package init(_ bytes: [UInt8] = []) {
        self.bytes = bytes
    }

    package mutating func line(_ text: String) {
        bytes += text.utf8
        bytes.append(UInt8(ascii: "\n"))
    }

    package mutating func line(bytes line: some Sequence<UInt8>) {
        bytes += line
        bytes.append(UInt8(ascii: "\n"))
    }

    /// A line of the format `fields`.
    mutating func field(_ name: String, _ value: String) {
        line("\"\(name)\" : \(value)")
    }

    package mutating func append(_ other: Output) {
        bytes += other.bytes
    }
}
