/// When and how log files are rotated, from `--log-rotation-config-json`.
package struct LogRotation: Equatable {
    /// Size in bytes at which a file is rotated.
    package let sizeBytesMax: Int
    /// Days that rotated files are kept; 0 for no limit.
    package let ageDaysMax: Int
    /// Number of rotated files that are kept; 0 for all.
    package let filesMax: Int
    /// Whether the names of rotated files have local time.
    package let usesLocalTime: Bool
    package let compresses: Bool

    package init(
        sizeBytesMax: Int, ageDaysMax: Int, filesMax: Int, usesLocalTime: Bool, compresses: Bool
    ) {
        self.sizeBytesMax = sizeBytesMax
        self.ageDaysMax = ageDaysMax
        self.filesMax = filesMax
        self.usesLocalTime = usesLocalTime
        self.compresses = compresses
    }
}
