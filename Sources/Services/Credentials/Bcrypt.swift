import CCrypt

/// bcrypt by the system's libcrypt, with the results of Go's.
///
/// One call takes milliseconds to hours, by its cost.
enum Bcrypt {
    /// bcrypt uses so many bytes of a password.
    static let passwordBytesMax = 72

    private static let saltBytes = 16

    /// The text to be stored for a password; nil if libcrypt cannot hash it.
    ///
    /// - Parameter password: at most `passwordBytesMax`, without a zero byte.
    static func text(of password: [UInt8], cost: Int) -> [UInt8]? {
        var generator = SystemRandomNumberGenerator()
        let salt = (0..<saltBytes).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        var prefix = Array("$2b$\(cost < 10 ? "0" : "")\(cost)$".utf8)
        guard let digest = digest(of: password, setting: prefix + encode(salt)) else { return nil }
        // The version that Go writes. From 2b it differs for passwords of 255 bytes and more.
        prefix[2] = UInt8(ascii: "a")
        return prefix + encode(salt) + digest
    }

    /// Whether a password fits a stored text. Takes the same time whichever bytes differ.
    static func matches(_ password: [UInt8], _ stored: BcryptHash) -> Bool {
        let prefix = "$2b$\(stored.cost < 10 ? "0" : "")\(stored.cost)$"
        guard let digest = digest(of: password, setting: Array(prefix.utf8) + stored.salt),
            digest.count == stored.digest.count
        else { return false }
        return zip(digest, stored.digest).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }

    /// The characters of the digest.
    ///
    /// The version is always 2b: libcrypt's 2a gives some passwords another digest than Go's.
    private static func digest(of password: [UInt8], setting: [UInt8]) -> [UInt8]? {
        guard !password.contains(0) else { return nil }
        let phrase = (password.prefix(passwordBytesMax) + [0]).map { CChar(bitPattern: $0) }
        let setting = (setting + [0]).map { CChar(bitPattern: $0) }
        let size = Int(CRYPT_DATA_BYTES)
        let data = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
        defer { data.deallocate() }
        data.initializeMemory(as: UInt8.self, repeating: 0, count: size)
        guard let text = crypt_rn(phrase, setting, data, Int32(size)) else { return nil }
        let digest = String(cString: text).utf8.dropFirst(setting.count - 1)
        return digest.count == BcryptHash.digestCharacters ? Array(digest) : nil
    }

    private static let alphabet = Array(
        "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)

    /// bcrypt's base64, without padding.
    private static func encode(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        var (bits, bitCount) = (UInt32(0), 0)
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            bitCount += 8
            while bitCount >= 6 {
                bitCount -= 6
                text.append(alphabet[Int(bits >> UInt32(bitCount) & 63)])
            }
        }
        if bitCount > 0 { text.append(alphabet[Int(bits << UInt32(6 - bitCount) & 63)]) }
        return text
    }
}
