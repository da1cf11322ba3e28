/// Go's texts of alerts.
enum AlertText {
    static func of(_ alert: Int) -> String {
        switch alert {
        case 0: "close notify"
        case 10: "unexpected message"
        case 20: "bad record MAC"
        case 21: "decryption failed"
        case 22: "record overflow"
        case 30: "decompression failure"
        case 40: "handshake failure"
        case 42: "bad certificate"
        case 43: "unsupported certificate"
        case 44: "revoked certificate"
        case 45: "expired certificate"
        // What BoringSSL, and so this program, sends for each certificate that it refuses. etcd
        // sends, and logs, the alert before.
        case 46: "bad certificate"
        case 47: "illegal parameter"
        case 48: "unknown certificate authority"
        case 49: "access denied"
        case 50: "error decoding message"
        case 51: "error decrypting message"
        case 60: "export restriction"
        case 70: "protocol version not supported"
        case 71: "insufficient security level"
        case 80: "internal error"
        case 86: "inappropriate fallback"
        case 90: "user canceled"
        case 100: "no renegotiation"
        case 109: "missing extension"
        case 110: "unsupported extension"
        case 111: "certificate unobtainable"
        case 112: "unrecognized name"
        case 113: "bad certificate status response"
        case 114: "bad certificate hash value"
        case 115: "unknown PSK identity"
        case 116: "certificate required"
        case 120: "no application protocol"
        case 121: "encrypted client hello required"
        default: "alert(\(alert))"
        }
    }
}
