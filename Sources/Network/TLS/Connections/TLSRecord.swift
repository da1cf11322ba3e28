/// The outer form of TLS, for a port that serves plaintext as well.
package enum TLSRecord {
    /// The content type of handshake messages, with which each connection of TLS begins.
    package static let handshake: UInt8 = 22

    package enum Alert: UInt8, Sendable {
        case noApplicationProtocol = 120
    }

    /// Whether a connection that begins with these bytes speaks TLS, as far as they show.
    package static func isHandshake(_ first: UInt8...) -> Bool {
        guard let type = first.first, type == handshake else { return false }
        // The major version of SSL 3.0 and of every TLS.
        return first.count < 2 || first[1] == 3
    }

    /// A fatal alert in plaintext, before keys are agreed.
    package static func alert(_ alert: Alert) -> [UInt8] {
        [21, 3, 3, 0, 2, 2, alert.rawValue]
    }
}
