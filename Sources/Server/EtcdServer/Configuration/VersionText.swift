/// The versions this server states.
package enum EtcdVersion {
    /// The etcd whose behaviour this server has; what `/version`, metrics and tools see.
    package static let compatible = "3.7.1"
    /// The etcd version that clusters of this server have.
    package static let cluster = "3.7.0"
    /// The version of this program itself.
    package static let own = "0.1.0"

    private static var architecture: String {
        #if arch(x86_64)
            "amd64"
        #elseif arch(arm64)
            "arm64"
        #else
            "unknown"
        #endif
    }

    /// What `--version` prints: four lines in etcd's shape, our own version among them.
    package static let report = """
        etcd Version: \(compatible)
        Git SHA: unknown
        Swift-etcd Version: \(own)
        OS/Arch: linux/\(architecture)

        """
}
