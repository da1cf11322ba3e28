/// What `--help` and a wrong flag print.
package enum HelpText {
    /// The short usage that follows an error about a flag.
    package static let usage = """
        Usage:

          etcd [flags]
            Run an etcd server.

          etcd --version
            Print the version.

          etcd -h | --help
            Print this help with all flags.

          etcd --config-file PATH
            Take the configuration from a YAML or JSON file. Other flags and the environment are
            then ignored. Durations in a file are whole nanoseconds.

        """

    /// Every flag with its default and one line about it.
    package static var flags: String {
        let defaults = ServerConfiguration()
        var text = ""
        for category in FlagCategory.allCases where category != .top && category != .hidden {
            text += "\n\(category.rawValue):\n"
            for flag in FlagTable.all where flag.category == category {
                let standard = flag.name == "data-dir" ? "${name}.etcd" : flag.read(defaults)
                text += "  --\(flag.name) '\(standard)'\n    \(flag.help)\n"
            }
        }
        return text + "\nEach flag can be set in the environment: --data-dir as ETCD_DATA_DIR.\n"
    }
}
