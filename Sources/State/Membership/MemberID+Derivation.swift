import Crypto
package import Identifiers

/// How etcd derives IDs: the first eight bytes of a SHA-1, big-endian.
extension MemberID {
    /// ID of a member with these peer URLs.
    ///
    /// - Parameters:
    ///   - peerURLs: hashed in ascending order without a separator.
    ///   - token: initial-cluster-token, which distinguishes clusters with equal URLs.
    ///   - addedAtUnixSeconds: set for a member that is added at run time.
    package init(peerURLs: [String], token: String, addedAtUnixSeconds: Int64? = nil) {
        var text = peerURLs.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.joined() + token
        if let seconds = addedAtUnixSeconds { text += String(seconds) }
        self.init(rawValue: leadingWord(ofSHA1: Array(text.utf8)))
    }
}

extension ClusterID {
    /// ID of a cluster with these initial members.
    package init(initialMembers: [MemberID]) {
        var bytes: [UInt8] = []
        for member in initialMembers.sorted() {
            withUnsafeBytes(of: member.rawValue.bigEndian) { bytes.append(contentsOf: $0) }
        }
        self.init(rawValue: leadingWord(ofSHA1: bytes))
    }
}

private func leadingWord(ofSHA1 bytes: [UInt8]) -> UInt64 {
    Insecure.SHA1.hash(data: bytes).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
}
