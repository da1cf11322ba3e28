/// The environment as a source of flags: `ETCD_DATA_DIR` for `--data-dir`.
struct EnvironmentVariables {
    static let versionKey = "ETCD_VERSION"

    /// `KEY=value` texts in the order of the environment.
    let entries: [String]

    /// The value of a key; nil when it is unset or empty, which both mean "not given".
    func value(_ key: String) -> String? {
        for entry in entries where entry.hasPrefix(key + "=") {
            let value = entry.dropFirst(key.utf8.count + 1)
            return value.isEmpty ? nil : String(value)
        }
        return nil
    }

    /// The key of an entry; nil for an entry without `=`.
    static func key(of entry: String) -> String? {
        entry.firstIndex(of: "=").map { String(entry[..<$0]) }
    }
}
