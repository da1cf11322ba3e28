/// The outer form of TLS.
enum TLSRecord {
    static let alert: UInt8 = 21
    /// The content type of handshake messages, with which each connection of TLS begins.
    static let handshake: UInt8 = 22
    /// The first byte of a ClientHello of SSL 2.
    static let helloOfSSL2: UInt8 = 0x80
    static let headerBytes = 5
    static let plaintextBytesMax = 16_384
    static let ciphertextBytesMax = plaintextBytesMax + 2_048

    enum Alert: UInt8, Sendable {
        case unexpectedMessage = 10
        case recordOverflow = 22
        case decodeError = 50
        case protocolVersion = 70
        case internalError = 80
        case noApplicationProtocol = 120
    }

    /// A fatal alert in plaintext, before keys are agreed.
    /// - Parameter version: 0x0301 while no version is agreed, then 0x0303.
    static func alert(_ alert: Alert, version: UInt16) -> [UInt8] {
        [Self.alert, UInt8(version >> 8), UInt8(version & 0xff), 0, 2, 2, alert.rawValue]
    }
}
