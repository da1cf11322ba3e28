/// Names of the buckets and keys.
enum AuthBucket {
    static let auth = [UInt8]("auth".utf8)
    static let users = [UInt8]("authUsers".utf8)
    static let roles = [UInt8]("authRoles".utf8)
    static let enabled = [UInt8]("authEnabled".utf8)
    static let revision = [UInt8]("authRevision".utf8)
}
