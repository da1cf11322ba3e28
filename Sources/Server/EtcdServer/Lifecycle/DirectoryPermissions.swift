import GoText
import ServerLogging
import Bootstrap
import Glibc

/// Warns of a data directory that other users of the machine may access.
enum DirectoryPermissions {
    private static let recommended: mode_t = 0o700

    static func check(_ directory: DataDirectory, logger: ServerLogger) {
        for path in [directory.root, directory.member, directory.snapshots] {
            var status = stat()
            // A missing directory is created with the recommended mode.
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
        for (index, letter) in "rwxrwxrwx".enumerated() {
            text.append(mode & (0o400 >> UInt32(index)) != 0 ? letter : "-")
        }
        return text
    }
}
