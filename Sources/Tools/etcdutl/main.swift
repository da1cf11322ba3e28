do throws(ToolFailure) {
    try await Etcdutl.run(Array(CommandLine.arguments.dropFirst()))
} catch {
    error.end()
}
