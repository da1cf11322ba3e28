internal import Auth
internal import Bolt
internal import Disk
internal import EtcdAPI

/// Decodes the input as the record of a user, of a role, and of the state.
///
/// The first byte is the length of the key. A decoded record must be stored with the same meaning,
/// and a store that starts from it can be checked and changed.
package func fuzzAuthRecords(_ input: UnsafeRawBufferPointer) {
    guard let keyBytes = input.first else { return }
    let key = [UInt8](input.dropFirst().prefix(Int(keyBytes)))
    let value = [UInt8](input.dropFirst(1 + key.count))
    var buckets: [String] = []
    key.withUnsafeBytes { key in
        value.withUnsafeBytes { value in
            if let user = AuthUser(storedKey: key, value: value) {
                let again = try? AuthUser(decoding: user.encoded())
                precondition(again == user, "a stored user survives")
                buckets.append("authUsers")
            }
            if let role = AuthRole(storedKey: key, value: value) {
                let again = try? AuthRole(decoding: role.encoded())
                precondition(again == role, "a stored role survives")
                buckets.append("authRoles")
            }
        }
    }
    if ["authEnabled", "authRevision"].contains(String(decoding: key, as: UTF8.self)) {
        buckets.append("auth")
    }
    if !buckets.isEmpty { load(key, value, buckets) }
}

/// Starts a store from the record, and changes it.
private func load(_ key: [UInt8], _ value: [UInt8], _ buckets: [String]) {
    do {
        let bolt = try Bolt.open(disk: MemoryDisk(), path: "/db")
        defer { bolt.close() }
        var batch = BoltWriteBatch()
        for bucket in buckets { batch.put(bucket: Array(bucket.utf8), key: key, value: value) }
        let write = bolt.beginWrite()
        try batch.apply(to: write)
        try write.commit()
        let read = bolt.beginRead()
        defer { read.end() }
        var store = try AuthStore(from: read)
        use(&store)
    } catch {
        // A damaged state may be refused.
        return
    }
}

private func use(_ store: inout AuthStore) {
    var batch = BoltWriteBatch()
    let root = Requester(user: .root, revision: store.revision)
    for role in store.snapshot.roles.values {
        let name = role.name.text
        let grant = AuthRequest.roleGrantPermission(
            .with {
                $0.name = name
                $0.perm.key = .init([0x6B])
            })
        _ = try? store.apply(grant, by: root, into: &batch)
    }
    _ = try? store.apply(.enable, by: root, into: &batch)
    for user in store.snapshot.users.keys {
        let requester = Requester(user: user, revision: store.revision)
        let authorization = store.snapshot.authorization(of: requester)
        for end in [[], [0], [0x7A]] as [[UInt8]] {
            _ = try? authorization.require(.read, [0x6B], end[...])
        }
    }
}
