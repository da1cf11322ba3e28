import Glibc

/// Warns of a data directory that others on the machine may read.
enum DirectoryPermissions {
    private static let recommended: mode_t = 0o700

    static func check(_ directory: DataDirectory, logger: ServerLogger) {
        for path in [directory.root, directory.member, directory.snapshots] {
            var status = stat()
            // One that is missing is made with the recommended mode.
            guard stat(path, &status) == 0 else { continue }
            guard status.st_mode & 0o777 != recommended else { continue }
            let found = modeText(status.st_mode).goQuoted
            logger.warn(
                "check file permission",
                [
                    "error": .string(
                        "directory \(path.goQuoted) exist, but the permission is \(found). The "
                            + "recommended permission is \(modeText(recommended).goQuoted) to "
                            + "prevent possible unprivileged access to the data")
                ])
        }
    }

    /// A mode as Go writes it, such as `drwxr-xr-x`.
    static func modeText(_ mode: mode_t) -> String {
        var text = mode & S_IFMT == S_IFDIR ? "d" : ""
        for (bit, letter) in [(mode_t(S_ISUID), "u"), (mode_t(S_ISGID), "g"), (0o1000, "t")]
        where mode & bit != 0 {
            text += letter
        }
        if text.isEmpty { text = "-" }
        for (place, letter) in "rwxrwxrwx".enumerated() {
            text.append(mode & (0o400 >> UInt32(place)) != 0 ? letter : "-")
        }
        return text
    }
}
