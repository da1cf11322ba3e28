internal import Crypto

/// Chains that were verified, so that a client that connects again costs neither a signature check
/// nor the parsing of its certificates. The oldest entry leaves first.
struct VerificationCache {
    static let entriesMax = 512

    private var chains: [SHA256Digest: VerifiedChain] = [:]
    /// The chain with which each leaf was verified last, by the hash of the leaf.
    private var byLeaf: [SHA256Digest: SHA256Digest] = [:]
    /// Keys of `chains` in a ring; `oldest` is the next one to leave once it is full.
    private var order: [SHA256Digest] = []
    private var oldest = 0

    /// - Parameter certificates: in DER, the leaf first.
    static func key(_ certificates: [[UInt8]]) -> SHA256Digest {
        var hash = SHA256()
        for certificate in certificates {
            withUnsafeBytes(of: UInt64(certificate.count)) { hash.update(bufferPointer: $0) }
            hash.update(data: certificate)
        }
        return hash.finalize()
    }

    func chain(_ key: SHA256Digest) -> VerifiedChain? {
        chains[key]
    }

    func chain(leaf: [UInt8]) -> VerifiedChain? {
        byLeaf[SHA256.hash(data: leaf)].flatMap { chains[$0] }
    }

    mutating func insert(_ chain: VerifiedChain, _ key: SHA256Digest) {
        byLeaf[SHA256.hash(data: chain.leaf.der)] = key
        guard chains.updateValue(chain, forKey: key) == nil else { return }
        if order.count < Self.entriesMax {
            order.append(key)
            return
        }
        remove(order[oldest])
        order[oldest] = key
        oldest = (oldest + 1) % Self.entriesMax
    }

    private mutating func remove(_ key: SHA256Digest) {
        guard let chain = chains.removeValue(forKey: key) else { return }
        let leaf = SHA256.hash(data: chain.leaf.der)
        if byLeaf[leaf] == key { byLeaf[leaf] = nil }
    }
}
