/// The versions that this server reports.
package enum EtcdVersion {
    /// The compatible etcd version, reported to `/version`, metrics and tools.
    package static let compatible = "3.7.1"
    /// The cluster version of clusters of this server.
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
