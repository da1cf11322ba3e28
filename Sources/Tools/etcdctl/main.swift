import CommandParsing

do throws(ToolFailure) {
    let command = try Etcdctl.parse(CommandLine.argumentsOfTool)
    Signals.catchThose(of: command.names)
    try await Etcdctl.run(command)
} catch {
    error.end()
}
