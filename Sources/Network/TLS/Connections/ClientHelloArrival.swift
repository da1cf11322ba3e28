internal import GoText

/// The first message of a client as far as it has arrived, checked before the TLS library sees it:
/// by Go's rules, with Go's alerts and texts, several of which the library does not have.
package enum ClientHelloArrival: Sendable, Hashable {
    /// Not complete before so many bytes have arrived.
    case incomplete(bytesMin: Int)
    case complete(ClientHello)
    /// Refused; the alert, if any, is sent in plaintext.
    case refused(TLSRefusal, alert: [UInt8])
    /// Another record of TLS, which the library refuses.
    case other

    /// Go's limit for a message of the handshake.
    static let messageBytesMax = 65_536
    /// The length of the type and the length in front of a message.
    private static let messageHeaderBytes = 4

    /// - Parameter bytes: everything that has arrived; bytes after the message are not read.
    package static func of(_ bytes: UnsafeRawBufferPointer) -> ClientHelloArrival {
        var records = BigEndianReader(bytes)
        var message: [UInt8] = []
        var wanted = messageHeaderBytes
        while message.count < wanted {
            switch records.readRecord() {
            case .incomplete(let recordBytes):
                // Small records are not read again one by one: what is missing of the message
                // comes in at least one more.
                let missing =
                    message.isEmpty ? 0 : TLSRecord.headerBytes + wanted - message.count
                let read = bytes.count - records.count
                return .incomplete(bytesMin: read + max(recordBytes, missing))
            case .refused(let text, let alert): return refused(text, alert)
            case .other: return .other
            case .content(let content): message += content.bytes
            }
            guard wanted == messageHeaderBytes, message.count >= wanted else { continue }
            let length = message[1...3].reduce(0) { $0 << 8 | Int($1) }
            guard length <= messageBytesMax else {
                return refused(
                    "tls: handshake message of length \(length) bytes exceeds maximum of "
                        + "\(messageBytesMax) bytes", .internalError)
            }
            wanted += length
        }
        return check(type: message[0], body: message[messageHeaderBytes..<wanted])
    }

    private static func check(type: UInt8, body: ArraySlice<UInt8>) -> ClientHelloArrival {
        let hello = type == 1 ? body.withUnsafeBytes { ClientHello.parse(body: $0) } : nil
        guard let hello else {
            return refused("local error: tls: error decoding message", .decodeError)
        }
        return hello.refusal ?? .complete(hello)
    }

    private static func refused(_ text: String, _ alert: TLSRecord.Alert?) -> Self {
        let bytes = alert.map { TLSRecord.alert($0, version: 0x0301) }
        return .refused(TLSRefusal(text), alert: bytes ?? [])
    }
}

/// A record of the first message of a client.
private enum FirstRecord {
    /// It has at least so many bytes.
    case incomplete(bytes: Int)
    case content(BigEndianReader)
    case refused(String, TLSRecord.Alert?)
    case other
}

extension BigEndianReader {
    /// Go's checks of a record, in its order.
    fileprivate mutating func readRecord() -> FirstRecord {
        var record = self
        guard let type = record.readByte(), let version = record.readNumber(),
            let length = record.readNumber().map(Int.init)
        else { return .incomplete(bytes: TLSRecord.headerBytes) }
        if type == TLSRecord.helloOfSSL2 {
            return .refused("tls: unsupported SSLv2 handshake received", .protocolVersion)
        }
        guard type == TLSRecord.handshake || type == TLSRecord.alert, version < 0x1000 else {
            return .refused("tls: first record does not look like a TLS handshake", nil)
        }
        guard length <= TLSRecord.ciphertextBytesMax else {
            return .refused(
                "tls: oversized record received with length \(length)", .recordOverflow)
        }
        guard let content = record.read(length) else {
            return .incomplete(bytes: TLSRecord.headerBytes + length)
        }
        guard type == TLSRecord.handshake else { return .other }
        guard length <= TLSRecord.plaintextBytesMax else {
            return .refused("local error: tls: record overflow", .recordOverflow)
        }
        guard length > 0 else {
            return .refused("local error: tls: unexpected message", .unexpectedMessage)
        }
        self = record
        return .content(content)
    }
}

extension ClientHello {
    /// What an etcd with Go's list of protocols serves: h2, and HTTP/1.1 without a choice.
    private static let servedProtocols: Set = ["h2", "http/1.1"]

    /// Why a client is refused that wants none of the protocols that are served. The library would
    /// go on without a protocol. Versions come first: none in common has an alert of its own.
    fileprivate var refusal: ClientHelloArrival? {
        guard !applicationProtocols.isEmpty,
            Self.servedProtocols.isDisjoint(with: applicationProtocols),
            versions.contains(where: { $0 == 0x0303 || $0 == 0x0304 })
        else { return nil }
        let refusal = TLSRefusal(
            "tls: client requested unsupported application protocols "
                + "(\(applicationProtocols.goQuoted))")
        let alert = TLSRecord.alert(.noApplicationProtocol, version: 0x0303)
        return .refused(refusal, alert: alert)
    }
}
