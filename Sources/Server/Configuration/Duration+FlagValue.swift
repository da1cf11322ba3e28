import ServerLogging

extension Duration: FlagValue {
    package init(flagText: String) throws(FlagValueError) {
        guard let nanoseconds = GoDuration.nanoseconds(flagText) else { throw .syntax }
        self = .nanoseconds(nanoseconds)
    }

    /// A duration in a file is a whole number of nanoseconds; `10m` is refused, as in etcd.
    package init(fileNode: ConfigurationNode) throws(FlagValueError) {
        guard let nanoseconds = try? Int64(fileNode: fileNode) else {
            throw FlagValueError("must be an integer number of nanoseconds")
        }
        self = .nanoseconds(nanoseconds)
    }

    package var flagText: String { GoDuration.text(nanoseconds: nanoseconds) }
}
