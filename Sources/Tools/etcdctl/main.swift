import CommandParsing

do throws(ToolFailure) {
    let command = try Etcdctl.parse(Array(CommandLine.arguments.dropFirst()))
    if command.names.count == 1, ConcurrencyCommands.names.contains(command.names[0]) {
        Signals.block()
    }
    try await Etcdctl.run(command)
} catch {
    error.end()
}
